// Convolution of 1 × 1 with stride 1, forward or backward to the input, for adapters where a workgroup of one
// subgroup is fastest, where planes are whole fours of pixels: lanes own POINTS × 4 pixels, loaded and
// stored in fours; the weights of 4·QUADS output channels are loaded once per subgroup and broadcast. A trip of
// the loop makes TERMS steps of every sum, loads first, then sum after sum.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> x: array<vec4f>;
@group(0) @binding(3) var<storage, read> w: array<vec4f>; // [group][in][out, padded]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

const LANES = 8u;
const QUADS = 1u; // of output channels
const POINTS = 1u; // fours of pixels, of a lane
const TERMS = 1u; // divides the input channels
const LAST_QUAD = QUADS - 1u;
const LAST_LOAD = LAST_QUAD / LANES;
const LOADS = LAST_LOAD + 1u; // of weights, by a lane for a term
const Q = 0u;
const L = 0u;
const I = 0u;
const J = 0u;
const U = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = group_index(group) * POINTS;
  let total = params.unit * extent.x;
  if (first * LANES >= total) {
    return;
  }
  let share = share_of(group.y, 4u * QUADS);
  let rowStride = params.paddedChannels / 4u;
  let plane = params.inHeight * params.inWidth / 4u;
  // Pixels past the end repeat the last ones; they are not stored.
  //#unroll J 0..POINTS
  let point_J = (first + J) * LANES + lane;
  let n_J = min(point_J, total - 1u) / plane;
  let at_J = min(point_J, total - 1u) % plane;
  var from_J = (n_J * params.groups + share.group) * params.inChannels * plane + at_J;
  //#end
  //#unroll Q 0..QUADS
  //#unroll I 0..4
  //#unroll J 0..POINTS
  var acc_Q_I_J = vec4f();
  //#end
  //#end
  //#end
  var weightAt = share.group * params.inChannels * rowStride + share.channel / 4u;
  for (var channel = 0u; channel < params.inChannels; channel += TERMS) {
    var loads: array<vec4f, TERMS * LOADS>;
    //#unroll U 0..TERMS
    //#unroll J 0..POINTS
    let b_J_U = x[from_J];
    from_J += plane;
    //#end
    //#unroll L 0..LOADS
    loads[U * LOADS + L] = w[weightAt + min(L * LANES + lane, LAST_QUAD)];
    //#end
    weightAt += rowStride;
    //#end
    //#unroll Q 0..QUADS
    //#unroll I 0..4
    //#unroll U 0..TERMS
    let a_Q_I_U = vec4f(subgroupBroadcast(loads[U * LOADS + Q / LANES][I], Q % LANES));
    //#end
    //#unroll J 0..POINTS
    //#unroll U 0..TERMS
    acc_Q_I_J = fma(a_Q_I_U, b_J_U, acc_Q_I_J);
    //#end
    //#end
    //#end
    //#end
  }
  // A loop over memory: unrolled, the stores of a tile take the compiler longer than all before them.
  var sums: array<vec4f, 4u * QUADS * POINTS>;
  //#unroll Q 0..QUADS
  //#unroll I 0..4
  //#unroll J 0..POINTS
  sums[(4u * Q + I) * POINTS + J] = acc_Q_I_J;
  //#end
  //#end
  //#end
  let firstChannel = share.group * params.outChannels + share.channel;
  //#unroll J 0..POINTS
  let shift_J = row_shift(n_J);
  var out_J = (n_J * params.groups * params.outChannels + firstChannel) * plane + at_J;
  //#end
  let count = min(4u * QUADS, params.outChannels - share.channel);
  for (var c = 0u; c < count; c++) {
    let offset = vec4f(select(0.0, bias[firstChannel + c], params.biased != 0u));
    //#unroll J 0..POINTS
    if (point_J < total) {
      y[out_J] = finish4(sums[c * POINTS + J] + offset, 4u * out_J, shift_J);
    }
    out_J += plane;
    //#end
  }
}
