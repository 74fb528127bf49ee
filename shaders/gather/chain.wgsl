// For each place, the first pick that names it; for each pick, the next that names the same place.
// `picks` ends a chain. One invocation searches for one place or one pick, so a row costs
// (places + picks) · picks steps; rows are short, and for constant indices this runs once.
//#import common/work.wgsl
const OVER_BATCH = false; // whether a row's picks are as many as the batch has rows
struct Params {
  unit: u32,
  places: u32,
  picks: u32, // the room of a row
  livePicks: u32, // those in use, or those in use for each row of the batch
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> head: array<u32>;
@group(0) @binding(4) var<storage, read_write> next: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group_index(group) * 64u + lane;
  let rows = select(extent.x, 1u, OVER_BATCH);
  if (at >= params.unit * rows) {
    return;
  }
  let live = params.livePicks * select(1u, extent.x, OVER_BATCH);
  let room = params.places + params.picks;
  let row = at / room;
  let item = at % room;
  let isPlace = item < params.places;
  var k = 0u;
  var wanted = i32(item);
  if (!isPlace) {
    k = item - params.places + 1u;
    wanted = index[row * params.picks + k - 1u];
  }
  while (k < live && index[row * params.picks + k] != wanted) {
    k++;
  }
  let found = select(params.picks, k, k < live);
  if (isPlace) {
    head[row * params.places + item] = found;
  } else {
    next[row * params.picks + item - params.places] = found;
  }
}
