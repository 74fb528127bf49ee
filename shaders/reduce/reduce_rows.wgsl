// Reduction of contiguous rows: a workgroup owns one row.
//#import common/work.wgsl
//#import reduce/fold_rows.wgsl
alias Element = f32;
struct Params {
  unit: u32, // rows per live row of the batch
  length: u32,
  identity: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<Element>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  fold_rows(group, local);
}
