// The mean of each window. An invocation makes one output.
//#import common/work.wgsl
//#import pool/window.wgsl
//#import pool/divisor.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group_index(group) * 64u + local;
  if (i >= params.unit * extent.x) {
    return;
  }
  let ox = i % params.outWidth;
  let oy = i / params.outWidth % params.outHeight;
  let base = i / params.outWidth / params.outHeight * params.inHeight * params.inWidth;
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
  y[i] = sum / divisor(oy, ox);
}
