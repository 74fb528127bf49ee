// reduce.wgsl for integers, which floats hold to 2^24 only.
//#import common/work.wgsl
//#import reduce/fold_axis.wgsl
alias Element = i32;
struct Params {
  unit: u32, // results per live row, or all of them when the axis is the batch
  length: u32, // of the axis, or for each live row of it
  inner: u32,
  outerStride: u32,
  overBatch: u32,
  identity: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<Element>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  fold_axis(group, local);
}
