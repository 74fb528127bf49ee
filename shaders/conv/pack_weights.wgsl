// Lays weights out as the convolution kernels read them: [group][tap][in][out], the output channels
// padded with zeros to a whole number of tiles. One invocation writes one element.
//#import common/work.wgsl
struct Params {
  unit: u32,
  taps: u32,
  inChannels: u32,
  outChannels: u32,
  paddedChannels: u32,
  groupStride: u32,
  inStride: u32,
  outStride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> packed: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group_index(group) * 64u + local;
  if (i >= params.unit * extent.x) {
    return;
  }
  let outChannel = i % params.paddedChannels;
  let row = i / params.paddedChannels;
  let inChannel = row % params.inChannels;
  let tap = row / params.inChannels % params.taps;
  let channelGroup = row / params.inChannels / params.taps;
  var value = 0.0;
  if (outChannel < params.outChannels) {
    value = w[channelGroup * params.groupStride + outChannel * params.outStride + inChannel * params.inStride + tap];
  }
  packed[i] = value;
}
