// The geometry of one convolution pass, forward or backward to the input, as a gather: each output
// reads the inputs it meets.
//
// Forward, output o reads input o·stride − pad + k·dilation. Backward, the roles swap and the output o
// (an element of x) reads element (o + pad − k·dilation) / stride of dy, where that divides. Outputs
// of one remainder modulo the stride, a phase, share the taps that do; so a workgroup owns one phase,
// visits only those taps, and no invocation divides:
//     o = grid·phases + phase,  source = grid·gridStep + (phase + offset + k·tapStep) / phases.
// Forward has one phase, gridStep = stride, offset = −pad and tapStep = dilation; backward has `stride`
// phases, gridStep = 1, offset = pad and tapStep = −dilation.
struct Params {
  unit: u32, // pixels of one phase, or strips or patches of them, per live row
  groups: u32,
  inChannels: u32, // of one group
  outChannels: u32, // of one group
  tiles: u32, // of output channels, in a group
  paddedChannels: u32, // outChannels, as the packed weights have them
  biased: u32,
  inHeight: u32,
  inWidth: u32,
  outHeight: u32,
  outWidth: u32,
  gridHeight: u32,
  gridWidth: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  gridStepY: u32,
  gridStepX: u32,
  phasesY: u32,
  phasesX: u32,
  offsetY: i32,
  offsetX: i32,
  tapStepY: i32,
  tapStepX: i32,
  tapSkipY: u32, // from one tap of a phase to the next
  tapSkipX: u32,
  rowElements: u32, // of the result
}
@group(0) @binding(0) var<uniform> params: Params;

// The share of one y of the dispatch: a phase, and for the tiled kernels a tile of output channels.
struct Share {
  phaseY: u32,
  phaseX: u32,
  group: u32,
  channel: u32, // the first of the tile, within its group
}

fn share_of(y: u32, tile_channels: u32) -> Share {
  let channel_tile = y % (params.groups * params.tiles);
  let phase = y / (params.groups * params.tiles);
  return Share(
    phase / params.phasesX,
    phase % params.phasesX,
    channel_tile / params.tiles,
    (channel_tile % params.tiles) * tile_channels,
  );
}

// Where grid position 0 of a phase meets tap 0, before division by the number of phases.
fn shift_y(phase: u32) -> i32 {
  return i32(phase) + params.offsetY;
}

fn shift_x(phase: u32) -> i32 {
  return i32(phase) + params.offsetX;
}

// The first tap of an axis that meets a phase; `taps` when none does.
fn first_tap(shift: i32, tap_step: i32, phases: u32, taps: u32) -> u32 {
  var tap = 0u;
  while (tap < taps && (shift + i32(tap) * tap_step) % i32(phases) != 0) {
    tap++;
  }
  return tap;
}

// The kernel index of the tap that meets the u-th source of a window; past the kernel when none does.
fn tap_at(first: u32, skip: u32, u: u32, taps: u32, tap_step: i32) -> u32 {
  return first + select(taps - 1u - u, u, tap_step > 0) * skip;
}

// The lowest source of the window of grid position 0.
fn first_source(first: u32, shift: i32, tap_step: i32, phases: u32, taps: u32) -> i32 {
  let start = (shift + i32(first) * tap_step) / i32(phases);
  return select(start - i32(taps) + 1, start, tap_step > 0);
}
