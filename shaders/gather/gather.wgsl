// y[b, k, i] = x[b, index[b, k], i]. One invocation makes one element; values travel as bits.
//#import common/work.wgsl
struct Params {
  unit: u32,
  places: u32,
  picks: u32,
  inner: u32,
  indexRow: u32, // 0 where all lists share one index
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read> index: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group_index(group) * 64u + lane;
  if (at >= params.unit * extent.x) {
    return;
  }
  let pick = at / params.inner;
  let list = pick / params.picks;
  let wanted = index[list * params.indexRow + pick % params.picks];
  let place = u32(clamp(wanted, 0, i32(params.places) - 1));
  y[at] = x[(list * params.places + place) * params.inner + at % params.inner];
}
