// conv_depthwise_rows.wgsl where rows are no whole fours.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import conv/geometry.wgsl
//#import common/epilogue.wgsl
//#import conv/cells_of_one.wgsl
@group(0) @binding(2) var<storage, read> x: array<Cell>;
@group(0) @binding(3) var<storage, read> w: array<f32>; // [channel][tap]
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Cell>;
//#import conv/depthwise_rows.wgsl

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  convolve_rows(group, lane);
}
