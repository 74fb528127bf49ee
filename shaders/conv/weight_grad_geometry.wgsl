// The gradient of a convolution with respect to its weights as a product of matrices: a row for each
// output channel, a column for each weight of such a channel (input channel and tap), summed over all
// pixels of all images. The images are dealt out in parts, each summed by other workgroups; what a part
// gives is one set of weights, and sum_parts.wgsl adds them up. Parts are cut by the shape of an image
// alone, so the order of all sums is too.
struct Params {
  unit: u32, // images for each live row
  perPart: u32, // images
  tiles: u32, // of all weights
  launched: u32, // tiles at a time: one launch may not have enough of them
  channelTiles: u32, // of a group
  columnTiles: u32,
  groups: u32,
  inChannels: u32, // of one group
  outChannels: u32, // of one group
  inHeight: u32,
  inWidth: u32,
  outHeight: u32,
  outWidth: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  dilationY: u32,
  dilationX: u32,
  padY: u32,
  padX: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

// Weights of one output channel.
fn columns() -> u32 {
  return params.inChannels * params.kernelHeight * params.kernelWidth;
}

// The images of a part, as a range; empty when no live image is left for it.
fn images_of(part: u32) -> vec2u {
  let live = params.unit * extent.x;
  return min(vec2u(part, part + 1u) * params.perPart, vec2u(live));
}

// A tile by its number: group, first output channel in it, first column.
fn tile_of(number: u32, tile_channels: u32, tile_columns: u32) -> vec3u {
  let rest = number / params.columnTiles;
  return vec3u(
    rest / params.channelTiles,
    rest % params.channelTiles * tile_channels,
    number % params.columnTiles * tile_columns,
  );
}

// Where a column's weight meets the input for output pixel (0, 0).
struct Tap {
  y: u32, // wraps around where it lies in the padding
  x: u32,
  offset: u32, // from the group's first input plane, wraps around too
}

fn tap_of(column: u32) -> Tap {
  let kx = column % params.kernelWidth;
  let ky = column / params.kernelWidth % params.kernelHeight;
  let channel = column / params.kernelWidth / params.kernelHeight;
  let y = ky * params.dilationY - params.padY;
  let x = kx * params.dilationX - params.padX;
  return Tap(y, x, (channel * params.inHeight + y) * params.inWidth + x);
}

// Where a part's weights of an output channel begin.
fn weights_at(part: u32, group: u32, channel: u32) -> u32 {
  return ((part * params.groups + group) * params.outChannels + channel) * columns();
}
