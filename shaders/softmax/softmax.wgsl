// Softmax along the middle axis of [outer, length, inner], less the maximum so that no exponential
// overflows. An invocation owns one line of the axis.
//#import common/work.wgsl
struct Params {
  unit: u32, // lines per live row of the batch
  length: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = group_index(group) * 64u + local;
  if (line >= params.unit * extent.x) {
    return;
  }
  let first = line / params.inner * params.length * params.inner + line % params.inner;
  let end = first + params.length * params.inner;
  var largest = x[first];
  for (var at = first + params.inner; at < end; at += params.inner) {
    largest = max(largest, x[at]);
  }
  var sum = 0.0;
  for (var at = first; at < end; at += params.inner) {
    let value = exp(x[at] - largest);
    y[at] = value;
    sum += value;
  }
  for (var at = first; at < end; at += params.inner) {
    y[at] /= sum;
  }
}
