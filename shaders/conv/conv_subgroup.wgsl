// Convolution forward or backward to the input, for adapters where a workgroup of one subgroup is
// fastest: lanes own pixels, PIXELS each; the weights of 4·QUADS output channels are loaded once per
// subgroup and broadcast. No shared memory. A trip of the innermost loop makes TERMS steps of every sum,
// loads first, then sum after sum: each waits in memory, and is fetched and put back once a trip.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<vec4f>; // [group][tap][in][out, padded]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const LANES = 8u;
const QUADS = 1u;
const PIXELS = 1u;
const TERMS = 1u; // divides the input channels
const Q = 0u;
const I = 0u;
const J = 0u;
const U = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let first = group_index(group) * PIXELS;
  let total = params.unit * extent.x;
  if (first * LANES >= total) {
    return;
  }
  let share = share_of(group.y, 4u * QUADS);
  let shiftY = shift_y(share.phaseY);
  let shiftX = shift_x(share.phaseX);
  let inPlane = params.inHeight * params.inWidth;
  let rowStride = params.paddedChannels / 4u;
  let grid = params.gridHeight * params.gridWidth;
  //#unroll J 0..PIXELS
  let pixel_J = (first + J) * LANES + lane;
  let live_J = pixel_J < total;
  let n_J = pixel_J / grid;
  let gridY_J = pixel_J % grid / params.gridWidth;
  let gridX_J = pixel_J % grid % params.gridWidth;
  let base_J = (n_J * params.groups + share.group) * params.inChannels * inPlane;
  //#end
  //#unroll Q 0..QUADS
  //#unroll I 0..4
  //#unroll J 0..PIXELS
  var acc_Q_I_J = 0.0;
  //#end
  //#end
  //#end
  let firstX = first_tap(shiftX, params.tapStepX, params.phasesX, params.kernelWidth);
  var ky = first_tap(shiftY, params.tapStepY, params.phasesY, params.kernelHeight);
  for (; ky < params.kernelHeight; ky += params.tapSkipY) {
    let tapY = (shiftY + i32(ky) * params.tapStepY) / i32(params.phasesY);
    for (var kx = firstX; kx < params.kernelWidth; kx += params.tapSkipX) {
      let tapX = (shiftX + i32(kx) * params.tapStepX) / i32(params.phasesX);
      //#unroll J 0..PIXELS
      let sourceY_J = u32(i32(gridY_J * params.gridStepY) + tapY);
      let sourceX_J = u32(i32(gridX_J * params.gridStepX) + tapX);
      let inside_J = live_J && sourceY_J < params.inHeight && sourceX_J < params.inWidth;
      var at_J = select(0u, base_J + sourceY_J * params.inWidth + sourceX_J, inside_J);
      //#end
      // A tap that all pixels of the tile meet in the padding adds nothing.
      var met = false;
      //#unroll J 0..PIXELS
      met |= inside_J;
      //#end
      if (!subgroupAny(met)) {
        continue;
      }
      let tap = (share.group * params.kernelHeight + ky) * params.kernelWidth + kx;
      var weightAt = tap * params.inChannels * rowStride + share.channel / 4u + lane % QUADS;
      for (var channel = 0u; channel < params.inChannels; channel += TERMS) {
        //#unroll U 0..TERMS
        //#unroll J 0..PIXELS
        let b_J_U = select(0.0, x[at_J], inside_J);
        at_J += inPlane;
        //#end
        let a_U = w[weightAt];
        weightAt += rowStride;
        //#end
        //#unroll Q 0..QUADS
        //#unroll I 0..4
        //#unroll U 0..TERMS
        let a_Q_I_U = subgroupBroadcast(a_U[I], Q);
        //#end
        //#unroll J 0..PIXELS
        //#unroll U 0..TERMS
        acc_Q_I_J = fma(a_Q_I_U, b_J_U, acc_Q_I_J);
        //#end
        //#end
        //#end
        //#end
      }
    }
  }
  // A loop over memory: unrolled, the stores of a tile take the compiler longer than all before them.
  var sums: array<f32, 4u * QUADS * PIXELS>;
  //#unroll Q 0..QUADS
  //#unroll I 0..4
  //#unroll J 0..PIXELS
  sums[(4u * Q + I) * PIXELS + J] = acc_Q_I_J;
  //#end
  //#end
  //#end
  let outPlane = params.outHeight * params.outWidth;
  let firstChannel = share.group * params.outChannels + share.channel;
  //#unroll J 0..PIXELS
  let outY_J = gridY_J * params.phasesY + share.phaseY;
  let outX_J = gridX_J * params.phasesX + share.phaseX;
  let stored_J = live_J && outY_J < params.outHeight && outX_J < params.outWidth;
  let plane_J = n_J * params.groups * params.outChannels + firstChannel;
  var out_J = plane_J * outPlane + outY_J * params.outWidth + outX_J;
  let shift_J = row_shift(n_J);
  //#end
  let count = min(4u * QUADS, params.outChannels - share.channel);
  for (var c = 0u; c < count; c++) {
    let offset = select(0.0, bias[firstChannel + c], params.biased != 0u);
    //#unroll J 0..PIXELS
    if (stored_J) {
      y[out_J] = finish(sums[c * PIXELS + J] + offset, out_J, shift_J);
    }
    out_J += outPlane;
    //#end
  }
}
