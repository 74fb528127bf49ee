// Convolution with one channel per group, forward with stride 1 or backward to the input with any, where rows
// are as wide as the source's or UP times so, for adapters where a workgroup of one subgroup is fastest: the
// lanes of a subgroup hold whole rows of PLANES planes, QUADS × 4 pixels each, and walk down them. A source is
// loaded once, in fours; what lies beside a lane's pixels comes from its neighbours, and a row of sources adds
// to all the rows of outputs that meet it.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [channel][tap]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

const LANES = 8u;
const ROW_LANES = 8u; // lanes that hold a row
const QUADS = 1u; // of a lane
const UP = 1u; // outputs for each source, on either axis: the stride backward
const TAPS_Y = 3u;
const TAPS_X = 3u;
const HALO_Y = 1u; // taps above and left of an output, counted in outputs
const HALO_X = 1u;
const PLANES = LANES / ROW_LANES;
const PIXELS = 4u * QUADS;
const OUTPUTS = UP * PIXELS; // of a row, by a lane
const LAST_TAP = TAPS_Y - 1u;
const LATER = TAPS_Y - UP; // rows of outputs that the next row of sources meets as well
const T = 0u;
const K = 0u;
const Q = 0u;
const C = 0u;
const E = 0u;
const P = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = group_index(group) * PLANES;
  let total = params.unit * extent.x;
  if (first >= total) {
    return;
  }
  let holds = lane / ROW_LANES < PLANES && first + lane / ROW_LANES < total;
  let plane = select(first, first + lane / ROW_LANES, holds);
  let channel = plane % params.groups;
  let column = lane % ROW_LANES;
  let rowQuads = params.inWidth / 4u;
  let firstQuad = column * QUADS;
  //#unroll Q 0..QUADS
  let inside_Q = holds && firstQuad + Q < rowQuads;
  //#end
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
  let planeAt = plane * params.inHeight * rowQuads + firstQuad;
  let outAt = (plane * params.outHeight * rowQuads + firstQuad) * UP;
  let offset = select(0.0, bias[channel], params.biased != 0u);
  let shift = row_shift(plane / params.groups);
  // The sums of the outputs that meet a row of sources with their tap T.
  var sums: array<f32, TAPS_Y * OUTPUTS>;
  let rows = (params.outHeight + LAST_TAP - HALO_Y + UP - 1u) / UP;
  for (var row = 0u; row < rows; row++) {
    let rowAt = planeAt + row * rowQuads;
    var v: array<f32, 4u + PIXELS + 4u>; // between the last four of the lane before and the first of the next
    //#unroll Q 0..QUADS
    {
      let inside = row < params.inHeight && inside_Q;
      let quad = select(vec4f(), x[select(0u, rowAt + Q, inside)], inside);
      //#unroll C 0..4
      v[4u + 4u * Q + C] = quad[C];
      //#end
    }
    //#end
    //#unroll C 0..4
    v[C] = select(subgroupShuffleUp(v[PIXELS + C], 1u), 0.0, column == 0u);
    v[4u + PIXELS + C] = select(subgroupShuffleDown(v[4u + C], 1u), 0.0, column == ROW_LANES - 1u);
    //#end
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
    //#unroll E 0..UP
    {
      let outRow = row * UP + HALO_Y + E - LAST_TAP; // wraps around below zero
      const SUM = (LAST_TAP - E) * OUTPUTS;
      if (outRow < params.outHeight) {
        let out = outAt + outRow * rowQuads * UP;
        //#unroll Q 0..QUADS
        if (inside_Q) {
          //#unroll P 0..UP
          {
            const QUAD = Q * UP + P;
            const AT = SUM + 4u * QUAD;
            let made = vec4f(sums[AT], sums[AT + 1u], sums[AT + 2u], sums[AT + 3u]) + offset;
            y[out + QUAD] = finish4(made, 4u * (out + QUAD), shift);
          }
          //#end
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
}
