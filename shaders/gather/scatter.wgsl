// y[b, s, i] = x[b, s, i] combined with updates[b, k, i] for all k whose index names s, in the order of
// k: the walk along a chain that chain.wgsl made. One invocation makes one element.
//#import common/work.wgsl
struct Params {
  unit: u32,
  places: u32,
  picks: u32,
  inner: u32,
  headRow: u32, // 0 where all lists share one index
  nextRow: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read> updates: array<u32>;
@group(0) @binding(4) var<storage, read> head: array<u32>;
@group(0) @binding(5) var<storage, read> next: array<u32>;
@group(0) @binding(6) var<storage, read_write> y: array<u32>;

fn initial(at: u32) -> u32 { return 0u; }
fn combine(a: u32, b: u32) -> u32 { return bitcast<u32>(bitcast<f32>(a) + bitcast<f32>(b)); }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group_index(group) * 64u + lane;
  if (at >= params.unit * extent.x) {
    return;
  }
  let inner = at % params.inner;
  let place = (at / params.inner) % params.places;
  let list = at / (params.inner * params.places);
  var value = initial(at);
  var k = head[list * params.headRow + place];
  while (k < params.picks) {
    value = combine(value, updates[(list * params.picks + k) * params.inner + inner]);
    k = next[list * params.nextRow + k];
  }
  y[at] = value;
}
