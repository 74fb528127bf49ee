// gather_taps.wgsl for adapters where a workgroup of one subgroup is fastest: by whole rows of products, the
// stride of which is UP.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import common/epilogue.wgsl
//#import conv/gather_geometry.wgsl
//#import conv/cells_of_four.wgsl
@group(0) @binding(2) var<storage, read> x: array<Cell>;
@group(0) @binding(3) var<storage, read_write> y: array<Cell>;
//#import conv/rows.wgsl

const K = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = group_index(group) * PLANES;
  let total = params.unit * extent.x;
  if (first >= total) {
    return;
  }
  let share = row_share(first, total, lane);
  let shift = row_shift(share.plane * params.outHeight * params.outWidth / params.rowElements);
  let rows = rows_to_walk();
  for (var row = 0u; row < rows; row++) {
    //#unroll T 0..TAPS_Y
    //#unroll K 0..TAPS_X
    {
      const TAP = (LAST_TAP - T) * TAPS_X + TAPS_X - 1u - K;
      take_row(share.plane * TAPS_Y * TAPS_X + TAP, row, share);
      //#unroll C 0..OUTPUTS
      if ((C + K + CELL * UP - HALO_X) % UP == 0u) {
        const SOURCE = (C + K + CELL * UP - HALO_X) / UP;
        sums[T * OUTPUTS + C] += v[SOURCE];
      }
      //#end
    }
    //#end
    //#end
    finish_row(row, share, 0.0, shift);
  }
}
