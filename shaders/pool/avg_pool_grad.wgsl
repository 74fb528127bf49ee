// Gradient of average pooling as a gather: an input collects its share of every window it is in.
//#import common/work.wgsl
//#import pool/window.wgsl
//#import pool/divisor.wgsl
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group_index(group) * 64u + local;
  if (i >= params.unit * extent.x) {
    return;
  }
  let ix = i % params.inWidth;
  let iy = i / params.inWidth % params.inHeight;
  let base = i / params.inWidth / params.inHeight * params.outHeight * params.outWidth;
  let endY = end_output(iy, params.padY, params.strideY, params.outHeight);
  let endX = end_output(ix, params.padX, params.strideX, params.outWidth);
  let firstX = first_output(ix, params.padX, reach(params.kernelWidth, params.dilationX), params.strideX);
  var oy = first_output(iy, params.padY, reach(params.kernelHeight, params.dilationY), params.strideY);
  var sum = 0.0;
  for (; oy < endY; oy++) {
    // With dilation a window may reach over an input without touching it.
    if ((iy + params.padY - oy * params.strideY) % params.dilationY != 0u) {
      continue;
    }
    for (var ox = firstX; ox < endX; ox++) {
      if ((ix + params.padX - ox * params.strideX) % params.dilationX == 0u) {
        sum += dy[base + oy * params.outWidth + ox] / divisor(oy, ox);
      }
    }
  }
  dx[i] = sum;
}
