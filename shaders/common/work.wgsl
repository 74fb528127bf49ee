// How every kernel finds its work. A dispatch has params.unit items for each live row, `extent.x`
// live rows (1 for work that no batch scales), and may be launched with more workgroups than that:
// the host knows only an upper bound of the live count, so surplus invocations return at once.
// Workgroups are numbered along x, then z, since one dimension holds at most 65535 of them.
@group(0) @binding(1) var<uniform> extent: vec4u;

const GROUPS_PER_LAYER = 32768u;

fn group_index(group: vec3u) -> u32 {
  return group.x + group.z * GROUPS_PER_LAYER;
}
