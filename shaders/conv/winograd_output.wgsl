// The output of F(4 × 4, 3 × 3): the 36 products of a patch, Aᵀ m A, as 4 × 4 results. `products` is
// [rows, 36, channels, patches]. One invocation makes the results of one patch of one channel.
//#import common/work.wgsl
//#import common/epilogue.wgsl
struct Params {
  unit: u32, // patches of all channels per live row
  channels: u32,
  height: u32,
  width: u32,
  patchesY: u32,
  patchesX: u32,
  biased: u32,
  rowElements: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> products: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const I = 0u;
const J = 0u;

fn transform(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32) -> array<f32, 4> {
  let near = vec2f(b + c, b - c);
  let far = vec2f(d + e, d - e);
  return array(a + near.x + far.x, near.y + 2.0 * far.y, near.x + 4.0 * far.x, near.y + 8.0 * far.y + f);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let patches = params.patchesY * params.patchesX;
  let patch_index = item % patches;
  let plane = item / patches;
  let channel = plane % params.channels;
  let row = plane / params.channels;
  let step = params.channels * patches;
  let base = row * 36u * step + channel * patches + patch_index;
  var half: array<f32, 24>; // 4 × 6
  //#unroll J 0..6
  {
    let at = base + J * step;
    let t = transform(
      products[at],
      products[at + 6u * step],
      products[at + 12u * step],
      products[at + 18u * step],
      products[at + 24u * step],
      products[at + 30u * step],
    );
    //#unroll I 0..4
    half[6u * I + J] = t[I];
    //#end
  }
  //#end
  let offset = select(0.0, bias[channel], params.biased != 0u);
  let shift = row_shift(row);
  let outY = 4u * (patch_index / params.patchesX);
  let outX = 4u * (patch_index % params.patchesX);
  let first = (plane * params.height + outY) * params.width + outX;
  //#unroll I 0..4
  {
    let t = transform(half[6u * I], half[6u * I + 1u], half[6u * I + 2u], half[6u * I + 3u], half[6u * I + 4u], half[6u * I + 5u]);
    //#unroll J 0..4
    if (outY + I < params.height && outX + J < params.width) {
      let at = first + I * params.width + J;
      y[at] = finish(t[J] + offset, at, shift);
    }
    //#end
  }
  //#end
}
