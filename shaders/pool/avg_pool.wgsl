// The mean of each window.
//#import common/work.wgsl
//#import pool/window.wgsl
//#import pool/divisor.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let strip = strip_of(item, params.outHeight, params.outWidth);
  let base = strip.plane * params.inHeight * params.inWidth;
  let out = (strip.plane * params.outHeight + strip.row) * params.outWidth;
  let end = min(strip.column + STRIP, params.outWidth);
  for (var ox = strip.column; ox < end; ox++) {
    y[out + ox] = window_total(base, strip.row, ox) / divisor(strip.row, ox);
  }
}

fn window_total(base: u32, oy: u32, ox: u32) -> f32 {
  var sum = 0.0;
  for (var ky = 0u; ky < params.kernelHeight; ky++) {
    let sy = oy * params.strideY + ky * params.dilationY - params.padY;
    if (sy >= params.inHeight) {
      continue;
    }
    for (var kx = 0u; kx < params.kernelWidth; kx++) {
      let sx = ox * params.strideX + kx * params.dilationX - params.padX;
      if (sx < params.inWidth) {
        sum += x[base + sy * params.inWidth + sx];
      }
    }
  }
  return sum;
}
