// A matrix product with run-time strides, so that transposed and broadcast operands cost nothing.
//
// Rows are either those of one tall matrix (every matrix of `a` times the same `b`), a multiple of
// the live rows, or those of many matrices, each with whole tiles of its own.
struct Params {
  unit: u32, // rows, or row tiles, per live row
  tall: u32, // 1 when the rows are those of one tall matrix
  rowTiles: u32, // of one matrix, unless tall
  rows: u32, // of one matrix, unless tall
  columns: u32,
  depth: u32,
  rowElements: u32, // of the result, behind one index of its first axis
  depthOverBatch: u32, // 1 when the sum runs over `depth` elements for each live row
  rowsPerEntry: u32, // rows behind one index of a's first axis, when tall
  aEntry: u32, // strides, in elements
  aRow: u32,
  aDepth: u32,
  bDepth: u32,
  bColumn: u32,
  batchSizes: array<vec4u, 1>, // the batch axes of the result, the last first
  aBatch: array<vec4u, 1>,
  bBatch: array<vec4u, 1>,
}
@group(0) @binding(0) var<uniform> params: Params;

// Work items of the dispatch, and terms of the sum: the live batch scales one or the other.
fn live_items() -> u32 {
  return params.unit * select(extent.x, 1u, params.depthOverBatch != 0u);
}

fn live_depth() -> u32 {
  return params.depth * select(1u, extent.x, params.depthOverBatch != 0u);
}

struct RowTile {
  first: u32,
  end: u32, // one past the last row of the matrix
  out: u32, // where row 0 of the matrix begins in the result
  a: u32, // and in the operands
  b: u32,
}

// The tile of the given index; a_rows and b_rows say that the first axis goes through a table.
fn row_tile(index: u32, tile_rows: u32) -> RowTile {
  if (params.tall != 0u) {
    return RowTile(index * tile_rows, live_items(), 0u, 0u, 0u);
  }
  let matrix = index / params.rowTiles;
  var rest = matrix;
  var tile = RowTile(index % params.rowTiles * tile_rows, params.rows, matrix * params.rows * params.columns, 0u, 0u);
  for (var axis = 0u; axis < 4u; axis++) {
    let size = params.batchSizes[0][axis];
    let at = select(rest % size, rest, axis == 3u);
    rest /= size;
    tile.a += a_entry(at, axis == 3u) * params.aBatch[0][axis];
    tile.b += b_entry(at, axis == 3u) * params.bBatch[0][axis];
  }
  return tile;
}

fn a_entry(at: u32, leading: bool) -> u32 {
  if (A_ROWS && leading) {
    return u32(a_table[at]);
  }
  return at;
}

fn b_entry(at: u32, leading: bool) -> u32 {
  if (B_ROWS && leading) {
    return u32(b_table[at]);
  }
  return at;
}

// Where a row of the matrix begins in `a`.
fn a_row(tile: RowTile, row: u32) -> u32 {
  if (params.tall == 0u) {
    return tile.a + row * params.aRow;
  }
  let entry = row / params.rowsPerEntry;
  return a_entry(entry, true) * params.aEntry + row % params.rowsPerEntry * params.aRow;
}
