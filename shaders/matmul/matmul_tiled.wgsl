// Matrix product for GPUs: a workgroup of THREADS × THREADS owns THREADS·ROWS rows by THREADS·COLUMNS
// columns and walks the sum in steps of DEPTH through shared memory; a thread keeps ROWS × COLUMNS sums.
//#import common/work.wgsl
//#import matmul/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> a_table: array<i32>;
@group(0) @binding(5) var<storage, read> b_table: array<i32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

const THREADS = 16u;
const ROWS = 1u;
const COLUMNS = 1u;
const DEPTH = 16u;
const A_ROWS = false;
const B_ROWS = false;
const TILE_ROWS = THREADS * ROWS;
const TILE_COLUMNS = THREADS * COLUMNS;
const ALL_THREADS = THREADS * THREADS;
const I = 0u;
const J = 0u;

var<workgroup> aShared: array<f32, DEPTH * TILE_ROWS>;
var<workgroup> bShared: array<f32, DEPTH * TILE_COLUMNS>;

@compute @workgroup_size(THREADS, THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group_index(group);
  if (index * select(1u, TILE_ROWS, params.tall != 0u) >= live_items()) {
    return;
  }
  let tile = row_tile(index, TILE_ROWS);
  let firstColumn = group.y * TILE_COLUMNS;
  let depth = live_depth();
  // Neighbouring threads load neighbouring elements, whichever axis they are neighbours on.
  let aAlongDepth = params.aDepth == 1u;
  let bAlongDepth = params.bDepth == 1u && params.bColumn != 1u;
  //#unroll I 0..ROWS
  //#unroll J 0..COLUMNS
  var acc_I_J = 0.0;
  //#end
  //#end
  for (var start = 0u; start < depth; start += DEPTH) {
    for (var e = local; e < DEPTH * TILE_ROWS; e += ALL_THREADS) {
      let d = select(e / TILE_ROWS, e % DEPTH, aAlongDepth);
      let r = select(e % TILE_ROWS, e / DEPTH, aAlongDepth);
      let row = tile.first + r;
      var value = 0.0;
      if (row < tile.end && start + d < depth) {
        value = a[a_row(tile, row) + (start + d) * params.aDepth];
      }
      aShared[d * TILE_ROWS + r] = value;
    }
    for (var e = local; e < DEPTH * TILE_COLUMNS; e += ALL_THREADS) {
      let d = select(e / TILE_COLUMNS, e % DEPTH, bAlongDepth);
      let c = select(e % TILE_COLUMNS, e / DEPTH, bAlongDepth);
      let column = firstColumn + c;
      var value = 0.0;
      if (column < params.columns && start + d < depth) {
        value = b[tile.b + (start + d) * params.bDepth + column * params.bColumn];
      }
      bShared[d * TILE_COLUMNS + c] = value;
    }
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      //#unroll J 0..COLUMNS
      let b_J = bShared[d * TILE_COLUMNS + J * THREADS + thread.x];
      //#end
      //#unroll I 0..ROWS
      let a_I = aShared[d * TILE_ROWS + thread.y * ROWS + I];
      //#unroll J 0..COLUMNS
      acc_I_J = fma(a_I, b_J, acc_I_J);
      //#end
      //#end
    }
    workgroupBarrier();
  }
  //#unroll I 0..ROWS
  {
    let row = tile.first + thread.y * ROWS + I;
    if (row < tile.end) {
      let start = tile.out + row * params.columns;
      let out = start + firstColumn + thread.x;
      let shift = row_shift(start / params.rowElements);
      //#unroll J 0..COLUMNS
      if (firstColumn + J * THREADS + thread.x < params.columns) {
        y[out + J * THREADS] = finish(acc_I_J, out + J * THREADS, shift);
      }
      //#end
    }
  }
  //#end
}
