// y[i] = apply(i, a[…], b[…], c[…], d[…]) for any mix of broadcast, strided and row-viewed operands.
// One invocation makes one element. Values travel as bits, since operands may be f32 or i32; an
// operand that is not used keeps its default load and is never read.
//#import common/work.wgsl
//#import common/index_params.wgsl
struct Params {
  unit: u32,
  q: array<vec4u, 16>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> a: array<u32>;
@group(0) @binding(3) var<storage, read> b: array<u32>;
@group(0) @binding(4) var<storage, read> c: array<u32>;
@group(0) @binding(5) var<storage, read> d: array<u32>;
@group(0) @binding(6) var<storage, read> table0: array<i32>;
@group(0) @binding(7) var<storage, read> table1: array<i32>;
@group(0) @binding(8) var<storage, read_write> y: array<u32>;

alias F = f32;
alias I = i32;
alias U = u32;

//#import pointwise/functions.wgsl

fn load_a(i: u32) -> u32 { return 0u; }
fn load_b(i: u32) -> u32 { return 0u; }
fn load_c(i: u32) -> u32 { return 0u; }
fn load_d(i: u32) -> u32 { return 0u; }
fn apply(i: u32, a: U, b: U, c: U, d: U) -> U { return a; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  y[i] = apply(i, load_a(i), load_b(i), load_c(i), load_d(i));
}
