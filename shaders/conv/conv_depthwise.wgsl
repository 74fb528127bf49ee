// Convolution with one channel per group, forward or backward to the input: an invocation makes PIXELS
// outputs next to each other in a row of one phase, so that it loads each weight once for all of them.
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [channel][tap]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const PIXELS = 1u;
const J = 0u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let phaseY = group.y / params.phasesX;
  let phaseX = group.y % params.phasesX;
  let shiftY = shift_y(phaseY);
  let shiftX = shift_x(phaseX);
  let strips = (params.gridWidth + PIXELS - 1u) / PIXELS;
  let gridX = item % strips * PIXELS;
  let gridY = item / strips % params.gridHeight;
  let plane = item / strips / params.gridHeight;
  let channel = plane % params.groups;
  let base = plane * params.inHeight * params.inWidth;
  //#unroll J 0..PIXELS
  var acc_J = 0.0;
  //#end
  let firstX = first_tap(shiftX, params.tapStepX, params.phasesX, params.kernelWidth);
  var ky = first_tap(shiftY, params.tapStepY, params.phasesY, params.kernelHeight);
  for (; ky < params.kernelHeight; ky += params.tapSkipY) {
    let tapY = (shiftY + i32(ky) * params.tapStepY) / i32(params.phasesY);
    let sourceY = u32(i32(gridY * params.gridStepY) + tapY);
    let insideY = sourceY < params.inHeight;
    let rowAt = select(0u, base + sourceY * params.inWidth, insideY);
    for (var kx = firstX; kx < params.kernelWidth; kx += params.tapSkipX) {
      let tapX = (shiftX + i32(kx) * params.tapStepX) / i32(params.phasesX);
      let a = w[(channel * params.kernelHeight + ky) * params.kernelWidth + kx];
      //#unroll J 0..PIXELS
      let sourceX_J = u32(i32((gridX + J) * params.gridStepX) + tapX);
      let inside_J = insideY && sourceX_J < params.inWidth;
      let b_J = select(0.0, x[select(0u, rowAt + sourceX_J, inside_J)], inside_J);
      acc_J = fma(a, b_J, acc_J);
      //#end
    }
  }
  let offset = select(0.0, bias[channel], params.biased != 0u);
  let shift = row_shift(plane / params.groups);
  let outY = gridY * params.phasesY + phaseY;
  let out = (plane * params.outHeight + outY) * params.outWidth;
  //#unroll J 0..PIXELS
  let outX_J = (gridX + J) * params.phasesX + phaseX;
  if (outY < params.outHeight && outX_J < params.outWidth) {
    y[out + outX_J] = finish(acc_J + offset, out + outX_J, shift);
  }
  //#end
}
