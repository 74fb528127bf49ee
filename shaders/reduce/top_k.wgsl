// Indices of the k largest elements of each row, largest first and the lowest index on ties; with
// SMALLEST, of the smallest; with LAST and k = 1, the highest index on ties. An invocation owns a row
// and scans it once for each index. NaN loses to every number.
//
// Elements are compared as integer keys: the bits of a float, turned so that they sort like the
// number. So ties are exact and no compiler's opinion of NaN matters.
//#import common/work.wgsl
struct Params {
  unit: u32, // rows per live row of the batch
  length: u32,
  k: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<i32>;

const SMALLEST = false;
const LAST = false;
const INTEGER = false;
const SIGN = 0x80000000u;
const INFINITY = 0x7f800000u;

fn key_of(bits: u32) -> u32 {
  var key = bits ^ SIGN;
  if (!INTEGER) {
    if ((bits & ~SIGN) > INFINITY) {
      return 0u;
    }
    let zeroed = select(bits, 0u, bits == SIGN); // -0 ties with 0
    key = select(zeroed | SIGN, ~zeroed, (zeroed & SIGN) != 0u);
  }
  return select(key, ~key, SMALLEST);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group_index(group) * 64u + local;
  if (row >= params.unit * extent.x) {
    return;
  }
  var lastKey = 0xffffffffu;
  var lastIndex = -1;
  for (var rank = 0u; rank < params.k; rank++) {
    var bestKey = 0u;
    var bestIndex = -1;
    for (var i = 0; i < i32(params.length); i++) {
      let key = key_of(x[row * params.length + u32(i)]);
      let follows = key < lastKey || (key == lastKey && i > lastIndex);
      if (follows && (bestIndex < 0 || key > bestKey || (LAST && key == bestKey))) {
        bestKey = key;
        bestIndex = i;
      }
    }
    y[row * params.k + rank] = bestIndex;
    lastKey = bestKey;
    lastIndex = bestIndex;
  }
}
