// Winograd's F(4 × 4, 3 × 3), Lavin & Gray 2016: the weights of a 3 × 3 convolution as 36 matrices, G w Gᵀ,
// laid out as the convolution kernels read 36 groups of 1 × 1 weights. One invocation makes the 36
// elements of a pair of channels; output channels are padded with zeros to a whole number of tiles.
//#import common/work.wgsl
struct Params {
  unit: u32,
  inChannels: u32,
  outChannels: u32,
  paddedChannels: u32,
  inStride: u32,
  outStride: u32,
  flipped: u32, // 1 for the pass backward, which meets the taps in reverse
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<f32>;

fn expand(a: f32, b: f32, c: f32) -> array<f32, 6> {
  let even = (a + c) / 6.0;
  let far = a / 24.0 + c / 6.0;
  return array(a / 4.0, -even - b / 6.0, -even + b / 6.0, far + b / 12.0, far - b / 12.0, c);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let outChannel = item % params.paddedChannels;
  let inChannel = item / params.paddedChannels;
  var columns: array<array<f32, 6>, 3>;
  for (var x = 0u; x < 3u; x++) {
    var tap: array<f32, 3>;
    for (var y = 0u; y < 3u && outChannel < params.outChannels; y++) {
      let k = select(3u * y + x, 8u - 3u * y - x, params.flipped != 0u);
      tap[y] = w[outChannel * params.outStride + inChannel * params.inStride + k];
    }
    columns[x] = expand(tap[0], tap[1], tap[2]);
  }
  for (var i = 0u; i < 6u; i++) {
    let row = expand(columns[0][i], columns[1][i], columns[2][i]);
    for (var j = 0u; j < 6u; j++) {
      let matrix = 6u * i + j;
      packed[(matrix * params.inChannels + inChannel) * params.paddedChannels + outChannel] = row[j];
    }
  }
}
