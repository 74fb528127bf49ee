// Convolution with one channel per group, forward or backward to the input, with stride 1 and rows that keep
// their width, for adapters where a workgroup of one subgroup is fastest: the lanes of a subgroup hold whole
// rows of PLANES planes, QUADS × 4 pixels each, and walk down them. A row is loaded once, in fours; what
// lies beside a lane's pixels comes from its neighbours, and a row adds to all the outputs below that meet it.
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
const TAPS_Y = 3u;
const TAPS_X = 3u;
const HALO = 1u; // taps left of an output; at most four on either side
const PLANES = LANES / ROW_LANES;
const PIXELS = 4u * QUADS;
const LAST_TAP = TAPS_Y - 1u;
const T = 0u;
const K = 0u;
const Q = 0u;
const C = 0u;

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
  let originY = first_source(0u, shift_y(0u), params.tapStepY, 1u, TAPS_Y);
  let planeAt = plane * params.inHeight * rowQuads + firstQuad;
  var out = plane * params.outHeight * rowQuads + firstQuad;
  let offset = vec4f(select(0.0, bias[channel], params.biased != 0u));
  let shift = row_shift(plane / params.groups);
  // The sums of the outputs that meet a row with their tap T.
  var sums: array<vec4f, TAPS_Y * QUADS>;
  for (var row = 0u; row < params.outHeight + LAST_TAP; row++) {
    let sourceY = u32(i32(row) + originY);
    let insideY = sourceY < params.inHeight;
    let rowAt = planeAt + sourceY * rowQuads;
    var v: array<f32, 4u + PIXELS + 4u>; // between the last four of the lane before and the first of the next
    //#unroll Q 0..QUADS
    {
      let inside = insideY && inside_Q;
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
    //#unroll Q 0..QUADS
    //#unroll K 0..TAPS_X
    {
      const AT = 4u + 4u * Q + K - HALO;
      let sources = vec4f(v[AT], v[AT + 1u], v[AT + 2u], v[AT + 3u]);
      //#unroll T 0..TAPS_Y
      sums[T * QUADS + Q] = fma(vec4f(weights[T * TAPS_X + K]), sources, sums[T * QUADS + Q]);
      //#end
    }
    //#end
    //#end
    if (row >= LAST_TAP) {
      //#unroll Q 0..QUADS
      if (inside_Q) {
        y[out + Q] = finish4(sums[LAST_TAP * QUADS + Q] + offset, 4u * (out + Q), shift);
      }
      //#end
      out += rowQuads;
    }
    //#unroll Q 0..QUADS
    //#unroll T 0..LAST_TAP
    sums[(LAST_TAP - T) * QUADS + Q] = sums[(LAST_TAP - T - 1u) * QUADS + Q];
    //#end
    sums[Q] = vec4f();
    //#end
  }
}
