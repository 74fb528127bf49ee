// Convolution with one channel per group, forward with stride 1 or backward to the input with any, by whole
// rows, which are as wide as the source's or UP times so.
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
//#import conv/rows.wgsl
@group(0) @binding(2) var<storage, read> x: array<Cell>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [channel][tap]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Cell>;

const K = 0u;

fn convolve_rows(group: vec3u, lane: u32) {
  let first = group_index(group) * PLANES;
  let total = params.unit * extent.x;
  if (first >= total) {
    return;
  }
  let share = row_share(first, total, lane);
  let channel = share.plane % params.groups;
  // By the place of their source, which backward is from the last tap to the first.
  var weights: array<f32, TAPS_Y * TAPS_X>;
  //#unroll T 0..TAPS_Y
  //#unroll K 0..TAPS_X
  {
    let ky = tap_at(0u, 1u, T, TAPS_Y, params.tapStepY);
    let kx = tap_at(0u, 1u, K, TAPS_X, params.tapStepX);
    weights[T * TAPS_X + K] = w[(channel * TAPS_Y + ky) * TAPS_X + kx];
  }
  //#end
  //#end
  let offset = select(0.0, bias[channel], params.biased != 0u);
  let shift = row_shift(share.plane / params.groups);
  let rows = rows_to_walk();
  for (var row = 0u; row < rows; row++) {
    take_row(share.plane, row, share);
    //#unroll C 0..OUTPUTS
    //#unroll K 0..TAPS_X
    if ((C + K + CELL * UP - HALO_X) % UP == 0u) {
      const SOURCE = (C + K + CELL * UP - HALO_X) / UP;
      //#unroll T 0..TAPS_Y
      sums[T * OUTPUTS + C] = fma(weights[T * TAPS_X + K], v[SOURCE], sums[T * OUTPUTS + C]);
      //#end
    }
    //#end
    //#end
    finish_row(row, share, offset, shift);
  }
}
