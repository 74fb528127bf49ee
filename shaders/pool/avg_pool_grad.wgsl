// Gradient of average pooling as a gather: an input collects its share of every window it is in.
//#import common/work.wgsl
//#import pool/window.wgsl
//#import common/epilogue.wgsl
//#import pool/divisor.wgsl
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

const J = 0u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let strip = strip_of(item, params.inHeight, params.inWidth);
  let base = strip.plane * params.outHeight * params.outWidth;
  let last = min(strip.column + STRIP, params.inWidth) - 1u;
  let endY = end_output(strip.row, params.padY, params.strideY, params.outHeight);
  let endX = end_output(last, params.padX, params.strideX, params.outWidth);
  let reachX = reach(params.kernelWidth, params.dilationX);
  let reachY = reach(params.kernelHeight, params.dilationY);
  let firstX = first_output(strip.column, params.padX, reachX, params.strideX);
  var oy = first_output(strip.row, params.padY, reachY, params.strideY);
  //#unroll J 0..STRIP
  var sum_J = 0.0;
  //#end
  for (; oy < endY; oy++) {
    // With dilation a window may reach over an input without touching it.
    if (!touches(strip.row + params.padY - oy * params.strideY, reachY, params.dilationY)) {
      continue;
    }
    for (var ox = firstX; ox < endX; ox++) {
      let share = dy[base + oy * params.outWidth + ox] / divisor(oy, ox);
      let offset = strip.column + params.padX - ox * params.strideX;
      //#unroll J 0..STRIP
      sum_J += select(0.0, share, touches(offset + J, reachX, params.dilationX));
      //#end
    }
  }
  let shift = row_shift(strip.plane / params.planesPerEntry);
  let out = (strip.plane * params.inHeight + strip.row) * params.inWidth + strip.column;
  //#unroll J 0..STRIP
  if (strip.column + J <= last) {
    dx[out + J] = finish(sum_J, out + J, shift);
  }
  //#end
}

// Whether a window has a tap at this distance from its start.
fn touches(distance: u32, reach: u32, dilation: u32) -> bool {
  if (dilation == 1u) {
    return distance < reach;
  }
  return distance < reach && distance % dilation == 0u;
}
