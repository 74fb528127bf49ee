// pointwise.wgsl for four consecutive elements an invocation: for operands that lie like the result,
// are rows of it, or do not vary within four elements. `i` counts vec4s.
//#import common/work.wgsl
//#import common/index_params.wgsl
struct Params {
  unit: u32,
  q: array<vec4u, 16>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> a: array<vec4u>;
@group(0) @binding(3) var<storage, read> b: array<vec4u>;
@group(0) @binding(4) var<storage, read> c: array<vec4u>;
@group(0) @binding(5) var<storage, read> d: array<vec4u>;
@group(0) @binding(6) var<storage, read> table0: array<i32>;
@group(0) @binding(7) var<storage, read> table1: array<i32>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4u>;

alias F = vec4f;
alias I = vec4i;
alias U = vec4u;

//#import pointwise/functions.wgsl

fn load_a(i: u32) -> vec4u { return vec4u(); }
fn load_b(i: u32) -> vec4u { return vec4u(); }
fn load_c(i: u32) -> vec4u { return vec4u(); }
fn load_d(i: u32) -> vec4u { return vec4u(); }
fn apply(i: u32, a: U, b: U, c: U, d: U) -> U { return a; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  y[i] = apply(i, load_a(i), load_b(i), load_c(i), load_d(i));
}

// Element `index` of an array that is read in fours, given the four that hold it.
fn vec4_element(index: u32, four: vec4u) -> u32 {
  return four[index & 3u];
}
