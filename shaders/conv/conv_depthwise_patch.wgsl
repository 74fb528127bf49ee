// Convolution with one channel per group, forward or backward to the input, where taps follow each other
// without gaps: an invocation makes a patch of ROWS × PIXELS outputs of one phase and loads each input
// of the patch once. Loops are unrolled, so that every array index is a constant and arrays are registers.
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [channel][tap]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const ROWS = 1u;
const PIXELS = 1u;
const TAPS_Y = 1u; // the most that meet a phase
const TAPS_X = 1u;
const STEP_Y = 1u; // as params.gridStepY
const STEP_X = 1u;
const LAST_ROW = ROWS - 1u;
const LAST_PIXEL = PIXELS - 1u;
const SOURCE_ROWS = LAST_ROW * STEP_Y + TAPS_Y;
const SOURCE_COLUMNS = LAST_PIXEL * STEP_X + TAPS_X;
const R = 0u;
const C = 0u;
const I = 0u;
const J = 0u;
const K = 0u;

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
  let bands = (params.gridHeight + ROWS - 1u) / ROWS;
  let gridX = item % strips * PIXELS;
  let gridY = item / strips % bands * ROWS;
  let plane = item / strips / bands;
  let channel = plane % params.groups;
  let base = plane * params.inHeight * params.inWidth;
  let firstY = first_tap(shiftY, params.tapStepY, params.phasesY, params.kernelHeight);
  let firstX = first_tap(shiftX, params.tapStepX, params.phasesX, params.kernelWidth);
  let originY = i32(gridY * STEP_Y) + first_source(firstY, shiftY, params.tapStepY, params.phasesY, TAPS_Y);
  let originX = i32(gridX * STEP_X) + first_source(firstX, shiftX, params.tapStepX, params.phasesX, TAPS_X);
  var weights: array<f32, TAPS_Y * TAPS_X>;
  //#unroll I 0..TAPS_Y
  //#unroll K 0..TAPS_X
  {
    let ky = tap_at(firstY, params.tapSkipY, I, TAPS_Y, params.tapStepY);
    let kx = tap_at(firstX, params.tapSkipX, K, TAPS_X, params.tapStepX);
    let inside = ky < params.kernelHeight && kx < params.kernelWidth;
    let at = (channel * params.kernelHeight + ky) * params.kernelWidth + kx;
    weights[I * TAPS_X + K] = select(0.0, w[select(0u, at, inside)], inside);
  }
  //#end
  //#end
  //#unroll C 0..SOURCE_COLUMNS
  let x_C = u32(originX + i32(C));
  let inside_C = x_C < params.inWidth;
  //#end
  var sums: array<f32, ROWS * PIXELS>;
  //#unroll R 0..SOURCE_ROWS
  {
    let sourceY = u32(originY + i32(R));
    let insideY = sourceY < params.inHeight;
    let rowAt = base + sourceY * params.inWidth;
    var v: array<f32, SOURCE_COLUMNS>;
    //#unroll C 0..SOURCE_COLUMNS
    v[C] = select(0.0, x[select(0u, rowAt + x_C, insideY && inside_C)], insideY && inside_C);
    //#end
    //#unroll I 0..ROWS
    if (R >= I * STEP_Y && R < I * STEP_Y + TAPS_Y) {
      const ROW = clamp(i32(R) - i32(I * STEP_Y), 0, i32(TAPS_Y) - 1) * i32(TAPS_X);
      //#unroll J 0..PIXELS
      //#unroll K 0..TAPS_X
      sums[I * PIXELS + J] = fma(weights[ROW + i32(K)], v[J * STEP_X + K], sums[I * PIXELS + J]);
      //#end
      //#end
    }
    //#end
  }
  //#end
  let offset = select(0.0, bias[channel], params.biased != 0u);
  let shift = row_shift(plane / params.groups);
  //#unroll I 0..ROWS
  {
    let outY = (gridY + I) * params.phasesY + phaseY;
    let out = (plane * params.outHeight + outY) * params.outWidth;
    //#unroll J 0..PIXELS
    {
      let outX = (gridX + J) * params.phasesX + phaseX;
      if (outY < params.outHeight && outX < params.outWidth) {
        y[out + outX] = finish(sums[I * PIXELS + J] + offset, out + outX, shift);
      }
    }
    //#end
  }
  //#end
}
