// Gradient of the weights of convolutions with few output channels in a group, depthwise ones above all:
// an invocation owns one weight of a part and sums over its images, then pixels.
//#import common/work.wgsl
//#import conv/weight_grad_geometry.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let part = group_index(group);
  let images = images_of(part);
  let weights = params.groups * params.outChannels * columns();
  if (images.x >= images.y) {
    return;
  }
  // A tile is 64 weights in a row.
  for (var tile = group.y; tile < params.tiles; tile += params.launched) {
    let i = tile * 64u + local;
    if (i < weights) {
      parts[part * weights + i] = sum_weight(images, i);
    }
  }
}

fn sum_weight(images: vec2u, i: u32) -> f32 {
  let outChannels = params.groups * params.outChannels;
  let channel = i / columns();
  let tap = tap_of(i % columns());
  let inPlane = params.inHeight * params.inWidth;
  let inGroup = channel / params.outChannels * params.inChannels * inPlane;
  var sum = 0.0;
  for (var n = images.x; n < images.y; n++) {
    let base = n * params.groups * params.inChannels * inPlane + inGroup + tap.offset;
    var dyAt = (n * outChannels + channel) * params.outHeight * params.outWidth;
    for (var oy = 0u; oy < params.outHeight; oy++) {
      let y = oy * params.strideY;
      for (var ox = 0u; ox < params.outWidth; ox++) {
        let across = ox * params.strideX;
        if (tap.y + y < params.inHeight && tap.x + across < params.inWidth) {
          sum = fma(x[base + y * params.inWidth + across], dy[dyAt], sum);
        }
        dyAt++;
      }
    }
  }
  return sum;
}
