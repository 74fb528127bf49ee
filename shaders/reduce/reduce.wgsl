// Reduction of the middle axis of [outer, length, inner]: an invocation owns one result and walks the
// axis upwards. Where the axis is a live batch, `extent` scales the walk instead of the results.
//#import common/work.wgsl
struct Params {
  unit: u32, // results per live row, or all of them when the axis is the batch
  length: u32, // of the axis, or for each live row of it
  inner: u32,
  outerStride: u32,
  overBatch: u32,
  identity: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn combine(a: f32, b: f32) -> f32 { return a + b; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group_index(group) * 64u + local;
  let overBatch = params.overBatch != 0u;
  if (i >= params.unit * select(extent.x, 1u, overBatch)) {
    return;
  }
  let length = params.length * select(1u, extent.x, overBatch);
  var at = i / params.inner * params.outerStride + i % params.inner;
  var result = params.identity;
  for (var k = 0u; k < length; k++) {
    result = combine(result, x[at]);
    at += params.inner;
  }
  y[i] = result;
}
