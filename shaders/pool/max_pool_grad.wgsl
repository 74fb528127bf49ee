// Gradient of max pooling as a gather: an input collects from the windows that chose it, found among
// the few that can contain it. With ARGMAX_ROWS the chosen places are read through a row table.
//#import common/work.wgsl
//#import pool/window.wgsl
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> argmax: array<i32>;
@group(0) @binding(4) var<storage, read> argmax_table: array<i32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

const ARGMAX_ROWS = false;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group_index(group) * 64u + local;
  if (i >= params.unit * extent.x) {
    return;
  }
  let inPlane = params.inHeight * params.inWidth;
  let outPlane = params.outHeight * params.outWidth;
  let plane = i / inPlane;
  let place = i % inPlane;
  let iy = place / params.inWidth;
  let ix = place % params.inWidth;
  var chosenPlane = plane;
  if (ARGMAX_ROWS) {
    let entry = u32(argmax_table[plane / params.planesPerEntry]);
    chosenPlane = entry * params.planesPerEntry + plane % params.planesPerEntry;
  }
  let endY = end_output(iy, params.padY, params.strideY, params.outHeight);
  let endX = end_output(ix, params.padX, params.strideX, params.outWidth);
  let firstX = first_output(ix, params.padX, reach(params.kernelWidth, params.dilationX), params.strideX);
  var oy = first_output(iy, params.padY, reach(params.kernelHeight, params.dilationY), params.strideY);
  var sum = 0.0;
  for (; oy < endY; oy++) {
    for (var ox = firstX; ox < endX; ox++) {
      let o = oy * params.outWidth + ox;
      if (u32(argmax[chosenPlane * outPlane + o]) == place) {
        sum += dy[plane * outPlane + o];
      }
    }
  }
  dx[i] = sum;
}
