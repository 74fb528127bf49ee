// Gradient of a convolution with respect to its weights: an invocation owns one weight and sums over
// images, then pixels, always in that order. The live batch scales the sum, not the number of weights:
// those are spread over y, of which one launch may not have enough.
//#import common/work.wgsl
struct Params {
  unit: u32, // weights
  launched: u32, // invocations
  images: u32, // for each live row
  inChannels: u32, // of one group
  outChannels: u32, // of one group
  groups: u32,
  inHeight: u32,
  inWidth: u32,
  outHeight: u32,
  outWidth: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  dilationY: u32,
  dilationX: u32,
  padY: u32,
  padX: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dw: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  for (var i = group.y * 64u + local; i < params.unit; i += params.launched) {
    dw[i] = weight_grad(i);
  }
}

fn weight_grad(i: u32) -> f32 {
  let kx = i % params.kernelWidth;
  let ky = i / params.kernelWidth % params.kernelHeight;
  let pair = i / params.kernelWidth / params.kernelHeight;
  let outChannel = pair / params.inChannels;
  let inChannel = outChannel / params.outChannels * params.inChannels + pair % params.inChannels;
  let fromY = i32(ky * params.dilationY) - i32(params.padY);
  let fromX = i32(kx * params.dilationX) - i32(params.padX);
  var sum = 0.0;
  for (var n = 0u; n < params.images * extent.x; n++) {
    let xAt = (n * params.groups * params.inChannels + inChannel) * params.inHeight;
    let dyAt = (n * params.groups * params.outChannels + outChannel) * params.outHeight;
    for (var oy = 0u; oy < params.outHeight; oy++) {
      let sy = u32(i32(oy * params.strideY) + fromY);
      if (sy >= params.inHeight) {
        continue;
      }
      for (var ox = 0u; ox < params.outWidth; ox++) {
        let sx = u32(i32(ox * params.strideX) + fromX);
        if (sx < params.inWidth) {
          sum = fma(x[(xAt + sy) * params.inWidth + sx], dy[(dyAt + oy) * params.outWidth + ox], sum);
        }
      }
    }
  }
  return sum;
}
