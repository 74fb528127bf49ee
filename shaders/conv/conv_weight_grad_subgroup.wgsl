// Gradient of a convolution's weights for adapters where a workgroup of one subgroup is fastest: lanes own
// columns, COLUMNS each; a lane loads dy of one output channel for each LANES of them, and all share
// those by broadcast. PADDED says that some tap falls into the padding.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import conv/weight_grad_geometry.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> parts: array<f32>;

const LANES = 8u;
const CHANNEL_GROUPS = 1u; // a tile has CHANNEL_GROUPS · LANES output channels
const COLUMNS = 1u;
const PADDED = true;
const G = 0u;
const L = 0u;
const J = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let part = group_index(group);
  let images = images_of(part);
  if (images.x >= images.y) {
    return;
  }
  for (var number = group.y; number < params.tiles; number += params.launched) {
    sum_tile(part, images, tile_of(number, CHANNEL_GROUPS * LANES, COLUMNS * LANES), lane);
  }
}

fn sum_tile(part: u32, images: vec2u, tile: vec3u, lane: u32) {
  let outPlane = params.outHeight * params.outWidth;
  let inPlane = params.inHeight * params.inWidth;
  // Channels and columns past the end repeat the last one; they are not stored.
  //#unroll G 0..CHANNEL_GROUPS
  let channel_G = min(tile.y + G * LANES + lane, params.outChannels - 1u);
  //#unroll L 0..LANES
  //#unroll J 0..COLUMNS
  var acc_G_L_J = 0.0;
  //#end
  //#end
  //#end
  //#unroll J 0..COLUMNS
  let column_J = tile.z + J * LANES + lane;
  let tap_J = tap_of(min(column_J, columns() - 1u));
  //#end
  for (var n = images.x; n < images.y; n++) {
    let image = n * params.groups + tile.x;
    let base = image * params.inChannels * inPlane;
    //#unroll G 0..CHANNEL_GROUPS
    var dyAt_G = (image * params.outChannels + channel_G) * outPlane;
    //#end
    for (var oy = 0u; oy < params.outHeight; oy++) {
      let y = oy * params.strideY;
      //#unroll J 0..COLUMNS
      var at_J = base + y * params.inWidth + tap_J.offset;
      var x_J = tap_J.x;
      let inside_J = tap_J.y + y < params.inHeight;
      //#end
      for (var ox = 0u; ox < params.outWidth; ox++) {
        //#unroll G 0..CHANNEL_GROUPS
        let a_G = dy[dyAt_G];
        dyAt_G++;
        //#end
        //#unroll J 0..COLUMNS
        let seen_J = !PADDED || (inside_J && x_J < params.inWidth);
        let b_J = select(0.0, x[select(0u, at_J, seen_J)], seen_J);
        at_J += params.strideX;
        x_J += params.strideX;
        //#end
        //#unroll G 0..CHANNEL_GROUPS
        //#unroll L 0..LANES
        let a_G_L = subgroupBroadcast(a_G, L);
        //#unroll J 0..COLUMNS
        acc_G_L_J = fma(a_G_L, b_J, acc_G_L_J);
        //#end
        //#end
        //#end
      }
    }
  }
  //#unroll G 0..CHANNEL_GROUPS
  //#unroll L 0..LANES
  if (tile.y + G * LANES + L < params.outChannels) {
    let out = weights_at(part, tile.x, tile.y + G * LANES + L);
    //#unroll J 0..COLUMNS
    if (column_J < columns()) {
      parts[out + column_J] = acc_G_L_J;
    }
    //#end
  }
  //#end
  //#end
}
