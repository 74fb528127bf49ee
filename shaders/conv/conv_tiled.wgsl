// Convolution forward or backward to the input, for GPUs: a workgroup of THREADS × THREADS owns
// THREADS·PIXELS pixels by THREADS·CHANNELS output channels and walks taps, then input channels in
// steps of DEPTH through shared memory; a thread keeps CHANNELS × PIXELS sums.
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [group][tap][in][out, padded]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const THREADS = 16u;
const CHANNELS = 1u;
const PIXELS = 1u;
const DEPTH = 16u;
const TILE_CHANNELS = THREADS * CHANNELS;
const TILE_PIXELS = THREADS * PIXELS;
const ALL_THREADS = THREADS * THREADS;
const ROWS = ALL_THREADS / TILE_PIXELS; // input channels that all threads together load at once
const I = 0u;
const J = 0u;

var<workgroup> inputs: array<f32, DEPTH * TILE_PIXELS>;
var<workgroup> weights: array<f32, DEPTH * TILE_CHANNELS>;

@compute @workgroup_size(THREADS, THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let total = params.unit * extent.x;
  let first = group_index(group) * TILE_PIXELS;
  if (first >= total) {
    return;
  }
  let share = share_of(group.y, TILE_CHANNELS);
  let shiftY = shift_y(share.phaseY);
  let shiftX = shift_x(share.phaseX);
  let grid = params.gridHeight * params.gridWidth;
  let inPlane = params.inHeight * params.inWidth;

  // The pixel this thread loads, always the same one.
  let mine = first + local % TILE_PIXELS;
  let row = local / TILE_PIXELS;
  let base = (mine / grid * params.groups + share.group) * params.inChannels * inPlane;
  let gridY = mine % grid / params.gridWidth;
  let gridX = mine % grid % params.gridWidth;
  //#unroll I 0..CHANNELS
  //#unroll J 0..PIXELS
  var acc_I_J = 0.0;
  //#end
  //#end
  let firstX = first_tap(shiftX, params.tapStepX, params.phasesX, params.kernelWidth);
  var ky = first_tap(shiftY, params.tapStepY, params.phasesY, params.kernelHeight);
  for (; ky < params.kernelHeight; ky += params.tapSkipY) {
    let tapY = (shiftY + i32(ky) * params.tapStepY) / i32(params.phasesY);
    for (var kx = firstX; kx < params.kernelWidth; kx += params.tapSkipX) {
      let tapX = (shiftX + i32(kx) * params.tapStepX) / i32(params.phasesX);
      let sourceY = u32(i32(gridY * params.gridStepY) + tapY);
      let sourceX = u32(i32(gridX * params.gridStepX) + tapX);
      let inside = mine < total && sourceY < params.inHeight && sourceX < params.inWidth;
      let at = base + sourceY * params.inWidth + sourceX;
      let tap = (share.group * params.kernelHeight + ky) * params.kernelWidth + kx;
      let weightAt = tap * params.inChannels * params.paddedChannels + share.channel;
      for (var start = 0u; start < params.inChannels; start += DEPTH) {
        for (var d = row; d < DEPTH; d += ROWS) {
          var value = 0.0;
          if (inside && start + d < params.inChannels) {
            value = x[at + (start + d) * inPlane];
          }
          inputs[d * TILE_PIXELS + local % TILE_PIXELS] = value;
        }
        for (var e = local; e < DEPTH * TILE_CHANNELS; e += ALL_THREADS) {
          let d = start + e / TILE_CHANNELS;
          var value = 0.0;
          if (d < params.inChannels) {
            value = w[weightAt + d * params.paddedChannels + e % TILE_CHANNELS];
          }
          weights[e] = value;
        }
        workgroupBarrier();
        for (var d = 0u; d < DEPTH; d++) {
          //#unroll J 0..PIXELS
          let b_J = inputs[d * TILE_PIXELS + J * THREADS + thread.x];
          //#end
          //#unroll I 0..CHANNELS
          let a_I = weights[d * TILE_CHANNELS + thread.y * CHANNELS + I];
          //#unroll J 0..PIXELS
          acc_I_J = fma(a_I, b_J, acc_I_J);
          //#end
          //#end
        }
        workgroupBarrier();
      }
    }
  }
  let outPlane = params.outHeight * params.outWidth;
  let channels = params.outChannels;
  //#unroll J 0..PIXELS
  let p_J = first + J * THREADS + thread.x;
  let outY_J = p_J % grid / params.gridWidth * params.phasesY + share.phaseY;
  let outX_J = p_J % grid % params.gridWidth * params.phasesX + share.phaseX;
  if (p_J < total && outY_J < params.outHeight && outX_J < params.outWidth) {
    let out = (p_J / grid * params.groups + share.group) * channels * outPlane + outY_J * params.outWidth + outX_J;
    let shift = row_shift(p_J / grid);
    //#unroll I 0..CHANNELS
    {
      let channel = share.channel + thread.y * CHANNELS + I;
      if (channel < channels) {
        let offset = select(0.0, bias[share.group * channels + channel], params.biased != 0u);
        let at = out + channel * outPlane;
        y[at] = finish(acc_I_J + offset, at, shift);
      }
    }
    //#end
  }
  //#end
}
