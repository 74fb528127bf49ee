// Whole rows of planes in the lanes of a subgroup, which is a workgroup: QUADS × 4 sources in each lane. A lane
// walks down its plane, loads sources once, in fours, and has what lies beside them from its neighbours. A row
// of sources adds to all the rows of outputs that meet it, TAPS_Y of them, UP for each row of sources.
// Needs: params.outHeight and outWidth, the buffer y in fours, and the epilogue.
const LANES = 8u;
const ROW_LANES = 8u; // lanes that hold a row
const QUADS = 1u; // of a lane
const UP = 1u; // outputs for each source, on either axis
const TAPS_Y = 3u;
const TAPS_X = 3u;
const HALO_Y = 1u; // taps above and left of an output, counted in outputs
const HALO_X = 1u;
const PLANES = LANES / ROW_LANES;
const SOURCES = 4u * QUADS; // of a row, in a lane
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

// A row's sources, between the last four of the lane before and the first four of the next.
var<private> v: array<f32, 4u + SOURCES + 4u>;

fn take_row(quads: array<vec4f, QUADS>, column: u32) {
  //#unroll Q 0..QUADS
  //#unroll C 0..4
  v[4u + 4u * Q + C] = quads[Q][C];
  //#end
  //#end
  //#unroll C 0..4
  v[C] = select(subgroupShuffleUp(v[SOURCES + C], 1u), 0.0, column == 0u);
  v[4u + SOURCES + C] = select(subgroupShuffleDown(v[4u + C], 1u), 0.0, column == ROW_LANES - 1u);
  //#end
}

// The sums of the outputs that meet a row of sources with their tap T, counted by the place of its source.
var<private> sums: array<f32, TAPS_Y * OUTPUTS>;

// Stores the outputs that no row after this one meets, and goes on to the next.
fn finish_row(row: u32, share: RowShare, offset: f32, shift: u32) {
  let outQuads = params.outWidth / 4u;
  let firstQuad = share.column * QUADS * UP;
  //#unroll E 0..UP
  {
    let outRow = row * UP + HALO_Y + E - LAST_TAP; // wraps around below zero
    const SUM = (LAST_TAP - E) * OUTPUTS;
    if (share.holds && outRow < params.outHeight) {
      let out = (share.plane * params.outHeight + outRow) * outQuads + firstQuad;
      //#unroll P 0..UP * QUADS
      if (firstQuad + P < outQuads) {
        const AT = SUM + 4u * P;
        let made = vec4f(sums[AT], sums[AT + 1u], sums[AT + 2u], sums[AT + 3u]) + offset;
        y[out + P] = finish4(made, 4u * (out + P), shift);
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
