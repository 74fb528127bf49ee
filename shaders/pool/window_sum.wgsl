// y_i = Σ x_j for i − before ≤ j ≤ i + after along one axis of [outer, length, inner]. An invocation makes
// one output, always summing upwards.
//#import common/work.wgsl
struct Params {
  unit: u32,
  length: u32,
  inner: u32,
  before: u32,
  after: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group_index(group) * 64u + local;
  if (i >= params.unit * extent.x) {
    return;
  }
  let at = i / params.inner % params.length;
  let end = min(at + params.after + 1u, params.length);
  var start = at - min(at, params.before);
  var sum = 0.0;
  for (; start < end; start++) {
    sum += x[i - at * params.inner + start * params.inner];
  }
  y[i] = sum;
}
