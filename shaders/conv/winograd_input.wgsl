// The input of F(4 × 4, 3 × 3): every patch of 6 × 6, which overlap by two, as 36 numbers Bᵀ d B. The
// result is [rows, 36, channels, patches]: 36 groups of channels to the convolution that follows. One
// invocation makes the numbers of one patch of one channel.
//#import common/work.wgsl
struct Params {
  unit: u32, // patches of all channels per live row
  channels: u32,
  height: u32,
  width: u32,
  patchesY: u32,
  patchesX: u32,
  offsetY: i32, // of the first patch
  offsetX: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const I = 0u;
const J = 0u;

fn transform(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32) -> array<f32, 6> {
  return array(
    4.0 * a - 5.0 * c + e,
    d + e - 4.0 * (b + c),
    e - d + 4.0 * (b - c),
    e - c + 2.0 * (d - b),
    e - c - 2.0 * (d - b),
    4.0 * b - 5.0 * d + f,
  );
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
  let firstY = i32(4u * (patch_index / params.patchesX)) + params.offsetY;
  let firstX = i32(4u * (patch_index % params.patchesX)) + params.offsetX;
  let base = plane * params.height * params.width;
  var d: array<f32, 36>;
  //#unroll I 0..6
  {
    let sourceY = u32(firstY + i32(I));
    //#unroll J 0..6
    {
      let sourceX = u32(firstX + i32(J));
      let inside = sourceY < params.height && sourceX < params.width;
      d[6u * I + J] = select(0.0, x[select(0u, base + sourceY * params.width + sourceX, inside)], inside);
    }
    //#end
  }
  //#end
  //#unroll J 0..6
  {
    let t = transform(d[J], d[6u + J], d[12u + J], d[18u + J], d[24u + J], d[30u + J]);
    //#unroll I 0..6
    d[6u * I + J] = t[I];
    //#end
  }
  //#end
  let step = params.channels * patches;
  var at = plane / params.channels * 36u * step + plane % params.channels * patches + patch_index;
  //#unroll I 0..6
  {
    let t = transform(d[6u * I], d[6u * I + 1u], d[6u * I + 2u], d[6u * I + 3u], d[6u * I + 4u], d[6u * I + 5u]);
    //#unroll J 0..6
    y[at] = t[J];
    at += step;
    //#end
  }
  //#end
}
