// Convolution with one channel per group, forward with stride 1 or backward to the input with any, for adapters
// where a workgroup of one subgroup is fastest: by whole rows, which are as wide as the source's or UP times so.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
//#import conv/rows.wgsl
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [channel][tap]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

const K = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = group_index(group) * PLANES;
  let total = params.unit * extent.x;
  if (first >= total) {
    return;
  }
  let share = row_share(first, total, lane);
  let channel = share.plane % params.groups;
  let firstQuad = share.column * QUADS;
  let rowQuads = params.inWidth / 4u;
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
    let rowAt = (share.plane * params.inHeight + row) * rowQuads + firstQuad;
    var quads: array<vec4f, QUADS>;
    //#unroll Q 0..QUADS
    {
      let inside = share.holds && row < params.inHeight && firstQuad + Q < rowQuads;
      quads[Q] = select(vec4f(), x[select(0u, rowAt + Q, inside)], inside);
    }
    //#end
    take_row(quads, share.column);
    //#unroll C 0..OUTPUTS
    //#unroll K 0..TAPS_X
    if ((C + K + 4u * UP - HALO_X) % UP == 0u) {
      const SOURCE = (C + K + 4u * UP - HALO_X) / UP;
      //#unroll T 0..TAPS_Y
      sums[T * OUTPUTS + C] = fma(weights[T * TAPS_X + K], v[SOURCE], sums[T * OUTPUTS + C]);
      //#end
    }
    //#end
    //#end
    finish_row(row, share, offset, shift);
  }
}
