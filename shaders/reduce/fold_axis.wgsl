// How reduce.wgsl folds, for elements of either type: an invocation owns one result and walks the axis upwards.
fn combine(a: Element, b: Element) -> Element { return a + b; }

fn fold_axis(group: vec3u, local: u32) {
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
