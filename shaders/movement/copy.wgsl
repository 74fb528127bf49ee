// y[target(i)] = x[source(i)]: transposition, slices, joins, scatters of whole rows. One invocation
// moves one element; values travel as bits.
//#import common/work.wgsl
//#import common/index_params.wgsl
struct Params {
  unit: u32,
  q: array<vec4u, 16>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read> source_table: array<i32>;
@group(0) @binding(4) var<storage, read> target_table: array<i32>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

fn source(i: u32) -> u32 { return i; }
fn destination(i: u32) -> u32 { return i; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  y[destination(i)] = x[source(i)];
}
