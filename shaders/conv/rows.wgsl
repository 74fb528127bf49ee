// Whole rows of planes in the lanes of a subgroup, which is a workgroup: CELLS cells of sources in each lane. A
// lane walks down its plane, loads sources once, and has the cells beside its own from its neighbours. A row of
// sources adds to all the rows of outputs that meet it, TAPS_Y of them, UP for each row of sources.
// Needs: a kind of cell, the sizes of planes in params, the buffers x and y of cells, and the epilogue.
const LANES = 8u;
const ROW_LANES = 8u; // lanes that hold a row
const CELLS = 1u; // of a lane
const UP = 1u; // outputs for each source, on either axis
const TAPS_Y = 3u;
const TAPS_X = 3u;
const HALO_Y = 1u; // taps above and left of an output, counted in outputs
const HALO_X = 1u;
const PLANES = LANES / ROW_LANES;
const SOURCES = CELL * CELLS; // of a row, in a lane
const OUTPUTS = UP * SOURCES;
const LAST_TAP = TAPS_Y - 1u;
const LATER = TAPS_Y - UP; // rows of outputs that the next row of sources meets as well
const Q = 0u;
const P = 0u;
const C = 0u;
const T = 0u;
const E = 0u;

struct RowShare {
  holds: bool, // whether the lane has part of a plane
  plane: u32,
  column: u32, // of the lanes that hold a row
}

fn row_share(first: u32, total: u32, lane: u32) -> RowShare {
  let holds = lane / ROW_LANES < PLANES && first + lane / ROW_LANES < total;
  return RowShare(holds, select(first, first + lane / ROW_LANES, holds), lane % ROW_LANES);
}

// Rows of sources to walk; those past the end are zero.
fn rows_to_walk() -> u32 {
  return (params.outHeight + LAST_TAP - HALO_Y + UP - 1u) / UP;
}

// A row's sources, between the last cell of the lane before and the first of the next.
var<private> v: array<f32, CELL + SOURCES + CELL>;

// Row `row` of the plane of sources with that number; zeros outside.
fn take_row(plane: u32, row: u32, share: RowShare) {
  let rowCells = params.inWidth / CELL;
  let firstCell = share.column * CELLS;
  let rowAt = (plane * params.inHeight + row) * rowCells + firstCell;
  //#unroll Q 0..CELLS
  {
    let inside = share.holds && row < params.inHeight && firstCell + Q < rowCells;
    let cell = select(Cell(), x[select(0u, rowAt + Q, inside)], inside);
    //#unroll C 0..CELL
    v[CELL + CELL * Q + C] = part_of(cell, C);
    //#end
  }
  //#end
  //#unroll C 0..CELL
  v[C] = select(subgroupShuffleUp(v[SOURCES + C], 1u), 0.0, share.column == 0u);
  v[CELL + SOURCES + C] = select(subgroupShuffleDown(v[CELL + C], 1u), 0.0, share.column == ROW_LANES - 1u);
  //#end
}

// The sums of the outputs that meet a row of sources with their tap T, counted by the place of its source.
var<private> sums: array<f32, TAPS_Y * OUTPUTS>;

// Stores the outputs that no row after this one meets, and goes on to the next.
fn finish_row(row: u32, share: RowShare, offset: f32, shift: u32) {
  let outCells = params.outWidth / CELL;
  let firstCell = share.column * CELLS * UP;
  //#unroll E 0..UP
  {
    let outRow = row * UP + HALO_Y + E - LAST_TAP; // wraps around below zero
    if (share.holds && outRow < params.outHeight) {
      let out = (share.plane * params.outHeight + outRow) * outCells + firstCell;
      //#unroll P 0..UP * CELLS
      if (firstCell + P < outCells) {
        var made: Cell;
        //#unroll C 0..CELL
        set_part(&made, C, sums[(LAST_TAP - E) * OUTPUTS + CELL * P + C] + offset);
        //#end
        y[out + P] = finish_cell(made, CELL * (out + P), shift);
      }
      //#end
    }
  }
  //#end
  //#unroll C 0..OUTPUTS
  //#unroll T 0..LATER
  sums[(LAST_TAP - T) * OUTPUTS + C] = sums[(LATER - 1u - T) * OUTPUTS + C];
  //#end
  //#unroll T 0..UP
  sums[T * OUTPUTS + C] = 0.0;
  //#end
  //#end
}
