// Keeps the values whose flag is set, in order, and writes their number as the live count of a symbol.
// One workgroup walks the live values in blocks of its own size and scans each block's flags, so the
// order, and with it everything computed from it, never depends on timing.
//#import common/work.wgsl
struct Params {
  unit: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> values: array<i32>;
@group(0) @binding(3) var<storage, read> keep: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<i32>;
@group(0) @binding(5) var<storage, read_write> count: array<u32>;

const WIDTH = 64u;
var<workgroup> sums: array<u32, WIDTH>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(local_invocation_index) lane: u32) {
  let total = params.unit * extent.x;
  var kept = 0u;
  for (var start = 0u; start < total; start += WIDTH) {
    let i = start + lane;
    var flag = 0u;
    if (i < total && keep[i] != 0) {
      flag = 1u;
    }
    sums[lane] = flag;
    workgroupBarrier();
    for (var reach = 1u; reach < WIDTH; reach *= 2u) {
      var below = 0u;
      if (lane >= reach) {
        below = sums[lane - reach];
      }
      workgroupBarrier();
      sums[lane] += below;
      workgroupBarrier();
    }
    if (flag == 1u) {
      y[kept + sums[lane] - 1u] = values[i];
    }
    kept += sums[WIDTH - 1u];
    workgroupBarrier();
  }
  if (lane == 0u) {
    count[0] = kept;
  }
}
