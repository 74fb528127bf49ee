// y[n, j] = x[n, index[n, j]]. One invocation makes one element.
//#import common/work.wgsl
struct Params {
  unit: u32,
  x_row: u32, // elements of a row of x
  y_row: u32, // elements of a row of index and y
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read> index: array<i32>;
@group(0) @binding(4) var<storage, read> x_table: array<i32>;
@group(0) @binding(5) var<storage, read> index_table: array<i32>;
@group(0) @binding(6) var<storage, read_write> y: array<u32>;

fn x_at(row: u32) -> u32 { return row; }
fn index_at(row: u32) -> u32 { return row; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  let row = i / params.y_row;
  let column = u32(index[index_at(row) * params.y_row + i % params.y_row]);
  y[i] = x[x_at(row) * params.x_row + column];
}
