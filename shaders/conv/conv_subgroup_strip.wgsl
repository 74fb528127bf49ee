// Convolution forward or backward to the input where taps of a row follow each other without gaps, for
// adapters where a workgroup of one subgroup is fastest: a lane owns PIXELS outputs side by side and loads
// each source of theirs once for all the taps of a row; the weights of 4·QUADS output channels are loaded
// once per subgroup and broadcast. Lanes take the same strip of several images, which meets the padding
// together. Loads come first, then sum after sum: each waits in memory, and is fetched once for TAPS_X steps.
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
const TAPS_X = 1u; // the most that meet a phase
const STEP_X = 1u; // as params.gridStepX
const LAST_PIXEL = PIXELS - 1u;
const SOURCES = LAST_PIXEL * STEP_X + TAPS_X;
const FIRST_SOURCE = 0u; // of those that may lie inside the input
const END_SOURCE = SOURCES;
const WEIGHTS = TAPS_X * QUADS; // in fours
const LAST_WEIGHT = WEIGHTS - 1u;
const LAST_LOAD = LAST_WEIGHT / LANES;
const LOADS = LAST_LOAD + 1u;
const Q = 0u;
const I = 0u;
const J = 0u;
const K = 0u;
const C = 0u;
const L = 0u;

struct Strip {
  n: u32,
  y: u32, // on the grid
  x: u32,
}

// The strips of whole subgroups of images, image by image at one place; then those of the images left over.
fn strip_of(item: u32, places: u32, images: u32, across: u32) -> Strip {
  let whole = images / LANES * LANES;
  let rest = item >= whole * places;
  let width = select(LANES, images - whole, rest);
  let at = select(item, item - whole * places, rest);
  let place = select(at / LANES % places, at / max(width, 1u), rest);
  let n = select(at / (LANES * places) * LANES + at % LANES, whole + at % max(width, 1u), rest);
  return Strip(n, place / across, place % across * PIXELS);
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let item = group_index(group) * LANES + lane;
  let total = params.unit * extent.x;
  if (group_index(group) * LANES >= total) {
    return;
  }
  let share = share_of(group.y, 4u * QUADS);
  let shiftY = shift_y(share.phaseY);
  let shiftX = shift_x(share.phaseX);
  let inPlane = params.inHeight * params.inWidth;
  let rowStride = params.paddedChannels / 4u;
  let across = (params.gridWidth + PIXELS - 1u) / PIXELS;
  let places = params.gridHeight * across;
  let live = item < total;
  let strip = strip_of(min(item, total - 1u), places, total / places, across);
  let base = (strip.n * params.groups + share.group) * params.inChannels * inPlane;
  let firstX = first_tap(shiftX, params.tapStepX, params.phasesX, params.kernelWidth);
  let sourceX = u32(i32(strip.x * STEP_X) + first_source(firstX, shiftX, params.tapStepX, params.phasesX, TAPS_X));
  //#unroll C FIRST_SOURCE..END_SOURCE
  let inside_C = live && sourceX + C < params.inWidth;
  //#end
  // Each lane loads four channels of one tap.
  var weightFrom: array<u32, LOADS>;
  var weighs: array<bool, LOADS>;
  //#unroll L 0..LOADS
  {
    let slot = L * LANES + lane;
    let kx = tap_at(firstX, params.tapSkipX, slot / QUADS, TAPS_X, params.tapStepX);
    weighs[L] = slot < WEIGHTS && kx < params.kernelWidth;
    weightFrom[L] = select(0u, kx * params.inChannels * rowStride + slot % QUADS, weighs[L]);
  }
  //#end
  //#unroll Q 0..QUADS
  //#unroll I 0..4
  //#unroll J 0..PIXELS
  var acc_Q_I_J = 0.0;
  //#end
  //#end
  //#end
  var ky = first_tap(shiftY, params.tapStepY, params.phasesY, params.kernelHeight);
  for (; ky < params.kernelHeight; ky += params.tapSkipY) {
    let tapY = (shiftY + i32(ky) * params.tapStepY) / i32(params.phasesY);
    let sourceY = u32(i32(strip.y * params.gridStepY) + tapY);
    let insideY = sourceY < params.inHeight;
    // A row of taps that all strips meet in the padding adds nothing.
    if (!subgroupAny(live && insideY)) {
      continue;
    }
    var at = base + sourceY * params.inWidth + sourceX;
    let tap = (share.group * params.kernelHeight + ky) * params.kernelWidth;
    var weightAt = tap * params.inChannels * rowStride + share.channel / 4u;
    for (var channel = 0u; channel < params.inChannels; channel++) {
      var v: array<f32, SOURCES>;
      //#unroll C FIRST_SOURCE..END_SOURCE
      v[C] = select(0.0, x[at + C], insideY && inside_C);
      //#end
      at += inPlane;
      var a: array<vec4f, LOADS>;
      //#unroll L 0..LOADS
      a[L] = select(vec4f(), w[weightAt + weightFrom[L]], weighs[L]);
      //#end
      weightAt += rowStride;
      //#unroll Q 0..QUADS
      //#unroll I 0..4
      //#unroll K 0..TAPS_X
      let a_Q_I_K = subgroupBroadcast(a[(K * QUADS + Q) / LANES][I], (K * QUADS + Q) % LANES);
      //#end
      //#unroll J 0..PIXELS
      //#unroll K 0..TAPS_X
      if (J * STEP_X + K >= FIRST_SOURCE && J * STEP_X + K < END_SOURCE) {
        acc_Q_I_J = fma(a_Q_I_K, v[J * STEP_X + K], acc_Q_I_J);
      }
      //#end
      //#end
      //#end
      //#end
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
  let outY = strip.y * params.phasesY + share.phaseY;
  let outX = strip.x * params.phasesX + share.phaseX;
  let stored = live && outY < params.outHeight;
  let plane = strip.n * params.groups * params.outChannels + firstChannel;
  var out = plane * outPlane + outY * params.outWidth + outX;
  let shift = row_shift(strip.n);
  let count = min(4u * QUADS, params.outChannels - share.channel);
  for (var c = 0u; c < count; c++) {
    let offset = select(0.0, bias[firstChannel + c], params.biased != 0u);
    //#unroll J 0..PIXELS
    if (stored && outX + J * params.phasesX < params.outWidth) {
      y[out + J * params.phasesX] = finish(sums[c * PIXELS + J] + offset, out + J * params.phasesX, shift);
    }
    //#end
    out += outPlane;
  }
}
