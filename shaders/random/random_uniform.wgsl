// y[i] uniform in [0, 1): the first word of Threefry-2x32 with 20 rounds, of counter (i, 0) under the key
// (seed, salt); see src-ts/core/random.ts. One invocation makes one number.
//#import common/work.wgsl
struct Params {
  unit: u32,
  salt: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> seed: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// Four rounds: add, rotate, mix.
fn mix(start: vec2u, by: vec4u) -> vec2u {
  var v = start;
  for (var round = 0u; round < 4u; round++) {
    v.x += v.y;
    v.y = ((v.y << by[round]) | (v.y >> (32u - by[round]))) ^ v.x;
  }
  return v;
}

fn random_word(key: vec2u, counter: u32) -> u32 {
  const EVEN = vec4u(13u, 15u, 26u, 6u);
  const ODD = vec4u(17u, 29u, 16u, 24u);
  let third = 0x1bd11bdau ^ key.x ^ key.y;
  var v = vec2u(counter, 0u) + key;
  v = mix(v, EVEN) + vec2u(key.y, third + 1u);
  v = mix(v, ODD) + vec2u(third, key.x + 2u);
  v = mix(v, EVEN) + vec2u(key.x, key.y + 3u);
  v = mix(v, ODD) + vec2u(key.y, third + 4u);
  v = mix(v, EVEN) + vec2u(third, key.x + 5u);
  return v.x;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  y[i] = f32(random_word(vec2u(seed[0], params.salt), i) >> 8u) * 0x1p-24;
}
