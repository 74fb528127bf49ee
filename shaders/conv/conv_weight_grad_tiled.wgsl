// Gradient of a convolution's weights for GPUs: a workgroup of THREADS × THREADS owns THREADS·CHANNELS
// output channels by THREADS·COLUMNS columns and walks the pixels in steps of DEPTH through shared
// memory; a thread keeps CHANNELS × COLUMNS sums.
//#import common/work.wgsl
//#import conv/weight_grad_geometry.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

const THREADS = 16u;
const CHANNELS = 1u;
const COLUMNS = 1u;
const DEPTH = 16u;
const TILE_CHANNELS = THREADS * CHANNELS;
const TILE_COLUMNS = THREADS * COLUMNS;
const ALL_THREADS = THREADS * THREADS;
const I = 0u;
const J = 0u;

var<workgroup> gradients: array<f32, DEPTH * TILE_CHANNELS>;
var<workgroup> inputs: array<f32, DEPTH * TILE_COLUMNS>;

@compute @workgroup_size(THREADS, THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let part = group_index(group);
  let images = images_of(part);
  if (images.x >= images.y) {
    return;
  }
  for (var number = group.y; number < params.tiles; number += params.launched) {
    sum_tile(part, images, tile_of(number, TILE_CHANNELS, TILE_COLUMNS), thread, local);
  }
}

fn sum_tile(part: u32, images: vec2u, tile: vec3u, thread: vec3u, local: u32) {
  let outPlane = params.outHeight * params.outWidth;
  let pixels = (images.y - images.x) * outPlane;
  //#unroll I 0..CHANNELS
  //#unroll J 0..COLUMNS
  var acc_I_J = 0.0;
  //#end
  //#end
  for (var start = 0u; start < pixels; start += DEPTH) {
    // Neighbouring threads load neighbouring pixels.
    let pixel = start + local % DEPTH;
    let image = (images.x + pixel / outPlane) * params.groups + tile.x;
    let p = pixel % outPlane;
    let y = p / params.outWidth * params.strideY;
    let across = p % params.outWidth * params.strideX;
    for (var c = local / DEPTH; c < TILE_CHANNELS; c += ALL_THREADS / DEPTH) {
      var value = 0.0;
      if (pixel < pixels && tile.y + c < params.outChannels) {
        value = dy[(image * params.outChannels + tile.y + c) * outPlane + p];
      }
      gradients[local % DEPTH * TILE_CHANNELS + c] = value;
    }
    for (var c = local / DEPTH; c < TILE_COLUMNS; c += ALL_THREADS / DEPTH) {
      let tap = tap_of(tile.z + c);
      var value = 0.0;
      let inside = tap.y + y < params.inHeight && tap.x + across < params.inWidth;
      if (pixel < pixels && tile.z + c < columns() && inside) {
        let base = image * params.inChannels * params.inHeight * params.inWidth;
        value = x[base + y * params.inWidth + across + tap.offset];
      }
      inputs[local % DEPTH * TILE_COLUMNS + c] = value;
    }
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      //#unroll J 0..COLUMNS
      let b_J = inputs[d * TILE_COLUMNS + J * THREADS + thread.x];
      //#end
      //#unroll I 0..CHANNELS
      let a_I = gradients[d * TILE_CHANNELS + thread.y * CHANNELS + I];
      //#unroll J 0..COLUMNS
      acc_I_J = fma(a_I, b_J, acc_I_J);
      //#end
      //#end
    }
    workgroupBarrier();
  }
  //#unroll I 0..CHANNELS
  {
    let channel = tile.y + thread.y * CHANNELS + I;
    if (channel < params.outChannels) {
      let out = weights_at(part, tile.x, channel) + tile.z + thread.x;
      //#unroll J 0..COLUMNS
      if (tile.z + J * THREADS + thread.x < columns()) {
        parts[out + J * THREADS] = acc_I_J;
      }
      //#end
    }
  }
  //#end
}
