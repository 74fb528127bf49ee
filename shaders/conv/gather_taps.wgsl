// The gradient to an input of few channels from the products of every tap with the cotangent: each
// input element adds up, tap by tap in order, the products it took part in. One invocation makes one
// element. `x` has the products: [rows, in · taps, dy's height, dy's width].
//#import common/work.wgsl
//#import common/epilogue.wgsl
//#import conv/gather_geometry.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const STRIDE_Y = 1u; // known when compiling: no vector unit divides integers
const STRIDE_X = 1u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group) * 64u + lane;
  if (i >= params.unit * extent.x) {
    return;
  }
  let atX = i % params.outWidth;
  let line = i / params.outWidth;
  let atY = line % params.outHeight;
  let plane = line / params.outHeight; // row · channels + channel
  let productPlane = params.inHeight * params.inWidth;
  var at = plane * params.kernelHeight * params.kernelWidth * productPlane;
  var sum = 0.0;
  for (var ky = 0u; ky < params.kernelHeight; ky++) {
    let fromY = atY + params.padY - ky * params.dilationY; // wraps around below zero
    let sourceY = fromY / STRIDE_Y;
    let meetsY = fromY % STRIDE_Y == 0u && sourceY < params.inHeight;
    for (var kx = 0u; kx < params.kernelWidth; kx++) {
      let fromX = atX + params.padX - kx * params.dilationX;
      let sourceX = fromX / STRIDE_X;
      if (meetsY && fromX % STRIDE_X == 0u && sourceX < params.inWidth) {
        sum += x[at + sourceY * params.inWidth + sourceX];
      }
      at += productPlane;
    }
  }
  y[i] = finish(sum, i, row_shift(i / params.rowElements));
}
