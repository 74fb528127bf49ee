// matmul_subgroup.wgsl for a `b` whose columns lie side by side: a lane owns QUADS times four adjacent
// columns and loads them at once, which spares three of four masked loads.
enable subgroups;
diagnostic(off, subgroup_uniformity);
//#import common/work.wgsl
//#import matmul/geometry.wgsl
//#import common/epilogue.wgsl
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<vec4f>;
@group(0) @binding(4) var<storage, read> a_table: array<i32>;
@group(0) @binding(5) var<storage, read> b_table: array<i32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

const LANES = 8u;
const ROW_GROUPS = 1u; // a tile has ROW_GROUPS · LANES rows
const QUADS = 1u; // and QUADS · 4 · LANES columns
const TERMS = 1u; // steps of every sum in one trip; divides the depth
const A_ROWS = false;
const B_ROWS = false;
const G = 0u;
const L = 0u;
const J = 0u;
const U = 0u;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  const TILE_ROWS = ROW_GROUPS * LANES;
  let index = group_index(group);
  if (index * select(1u, TILE_ROWS, params.tall != 0u) >= live_items()) {
    return;
  }
  let tile = row_tile(index, TILE_ROWS);
  let quads = params.columns / 4u;
  let firstQuad = group.y * QUADS * LANES;
  // Rows and columns past the end repeat the last one; they are not stored.
  //#unroll G 0..ROW_GROUPS
  var aAt_G = a_row(tile, min(tile.first + G * LANES + lane, tile.end - 1u));
  //#unroll L 0..LANES
  //#unroll J 0..QUADS
  var acc_G_L_J = vec4f();
  //#end
  //#end
  //#end
  //#unroll J 0..QUADS
  let quad_J = firstQuad + J * LANES + lane;
  var bAt_J = tile.b / 4u + min(quad_J, quads - 1u);
  //#end
  let depth = live_depth();
  let bStep = params.bDepth / 4u;
  for (var k = 0u; k < depth; k += TERMS) {
    //#unroll U 0..TERMS
    //#unroll G 0..ROW_GROUPS
    let a_G_U = a[aAt_G];
    aAt_G += params.aDepth;
    //#end
    //#unroll J 0..QUADS
    let b_J_U = b[bAt_J];
    bAt_J += bStep;
    //#end
    //#end
    //#unroll G 0..ROW_GROUPS
    //#unroll L 0..LANES
    //#unroll U 0..TERMS
    let a_G_L_U = vec4f(subgroupBroadcast(a_G_U, L));
    //#end
    //#unroll J 0..QUADS
    //#unroll U 0..TERMS
    acc_G_L_J = fma(a_G_L_U, b_J_U, acc_G_L_J);
    //#end
    //#end
    //#end
    //#end
  }
  // A loop over memory: unrolled, the stores of a tile take the compiler longer than all before them.
  var sums: array<vec4f, TILE_ROWS * QUADS>;
  //#unroll G 0..ROW_GROUPS
  //#unroll L 0..LANES
  //#unroll J 0..QUADS
  sums[(G * LANES + L) * QUADS + J] = acc_G_L_J;
  //#end
  //#end
  //#end
  let count = min(TILE_ROWS, tile.end - tile.first);
  for (var r = 0u; r < count; r++) {
    let out = tile.out + (tile.first + r) * params.columns;
    let shift = row_shift(out / params.rowElements);
    //#unroll J 0..QUADS
    if (quad_J < quads) {
      y[out / 4u + quad_J] = finish4(sums[r * QUADS + J], out + 4u * quad_J, shift);
    }
    //#end
  }
}
