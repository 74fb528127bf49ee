// Depthwise convolution for adapters where a workgroup of one subgroup is fastest: by whole rows.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import conv/cells_of_four.wgsl
//#import conv/depthwise_rows.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  convolve_rows(group, lane);
}
