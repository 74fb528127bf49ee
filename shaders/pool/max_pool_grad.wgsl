// Gradient of max pooling as a gather: an input collects from the windows that chose it, found among
// the few that can contain it; ROWS strips one below another share the windows they meet. With ARGMAX_ROWS
// the chosen places are read through a row table.
//#import common/work.wgsl
//#import pool/window.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> argmax: array<i32>;
@group(0) @binding(4) var<storage, read> argmax_table: array<i32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

const ARGMAX_ROWS = false;
const ROWS = 1u;
const R = 0u;
const J = 0u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let band = strip_of(item, (params.inHeight + ROWS - 1u) / ROWS, params.inWidth);
  let strip = Strip(band.plane, band.row * ROWS, band.column);
  var chosenPlane = strip.plane;
  if (ARGMAX_ROWS) {
    let entry = u32(argmax_table[strip.plane / params.planesPerEntry]);
    chosenPlane = entry * params.planesPerEntry + strip.plane % params.planesPerEntry;
  }
  let outPlane = params.outHeight * params.outWidth;
  let last = min(strip.column + STRIP, params.inWidth) - 1u;
  let lastRow = min(strip.row + ROWS, params.inHeight) - 1u;
  let endY = end_output(lastRow, params.padY, params.strideY, params.outHeight);
  let endX = end_output(last, params.padX, params.strideX, params.outWidth);
  let reachX = reach(params.kernelWidth, params.dilationX);
  let reachY = reach(params.kernelHeight, params.dilationY);
  let firstX = first_output(strip.column, params.padX, reachX, params.strideX);
  var oy = first_output(strip.row, params.padY, reachY, params.strideY);
  let place = strip.row * params.inWidth + strip.column;
  //#unroll R 0..ROWS
  //#unroll J 0..STRIP
  var sum_R_J = 0.0;
  //#end
  //#end
  for (; oy < endY; oy++) {
    for (var ox = firstX; ox < endX; ox++) {
      let o = oy * params.outWidth + ox;
      let offset = u32(argmax[chosenPlane * outPlane + o]) - place;
      let share = dy[strip.plane * outPlane + o];
      //#unroll R 0..ROWS
      //#unroll J 0..STRIP
      sum_R_J += select(0.0, share, offset == R * params.inWidth + J);
      //#end
      //#end
    }
  }
  let shift = row_shift(strip.plane / params.planesPerEntry);
  var out = strip.plane * params.inHeight * params.inWidth + place;
  //#unroll R 0..ROWS
  if (strip.row + R <= lastRow) {
    //#unroll J 0..STRIP
    if (strip.column + J <= last) {
      dx[out + J] = finish(sum_R_J, out + J, shift);
    }
    //#end
    out += params.inWidth;
  }
  //#end
}
