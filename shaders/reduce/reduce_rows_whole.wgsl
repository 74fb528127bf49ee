// reduce_rows.wgsl for integers, which floats hold to 2^24 only.
//#import common/work.wgsl
struct Params {
  unit: u32, // rows per live row of the batch
  length: u32,
  identity: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<i32>;

const THREADS = 64u;

fn combine(a: i32, b: i32) -> i32 { return a + b; }

var<workgroup> partial: array<i32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
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
