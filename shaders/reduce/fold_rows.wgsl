// How reduce_rows.wgsl folds, for elements of either type: its 64 threads take every 64th element and then
// fold their partial results as a tree, always in the same order.
const THREADS = 64u;

fn combine(a: Element, b: Element) -> Element { return a + b; }

var<workgroup> partial: array<Element, THREADS>;

fn fold_rows(group: vec3u, local: u32) {
  let row = group_index(group);
  if (row >= params.unit * extent.x) {
    return;
  }
  var result = params.identity;
  for (var k = local; k < params.length; k += THREADS) {
    result = combine(result, x[row * params.length + k]);
  }
  partial[local] = result;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) {
      partial[local] = combine(partial[local], partial[local + half]);
    }
  }
  if (local == 0u) {
    y[row] = partial[0];
  }
}
