// Sets every element of y to one bit pattern.
//#import common/work.wgsl
struct Params {
  unit: u32,
  value: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  y[i] = params.value;
}
