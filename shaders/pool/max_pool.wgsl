// The largest input of each window, or with INDEX its flat place in the plane: the first on ties.
// Padding never wins. Values travel as bits.
//#import common/work.wgsl
//#import pool/window.wgsl
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

const INDEX = false;
const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let item = group_index(group) * 64u + local;
  if (item >= params.unit * extent.x) {
    return;
  }
  let strip = strip_of(item, params.outHeight, params.outWidth);
  let base = strip.plane * params.inHeight * params.inWidth;
  let out = (strip.plane * params.outHeight + strip.row) * params.outWidth;
  let end = min(strip.column + STRIP, params.outWidth);
  for (var ox = strip.column; ox < end; ox++) {
    y[out + ox] = largest(base, strip.row, ox);
  }
}

fn largest(base: u32, oy: u32, ox: u32) -> u32 {
  var best = 0.0;
  var place = NONE;
  for (var ky = 0u; ky < params.kernelHeight; ky++) {
    let sy = oy * params.strideY + ky * params.dilationY - params.padY;
    if (sy >= params.inHeight) {
      continue;
    }
    for (var kx = 0u; kx < params.kernelWidth; kx++) {
      let sx = ox * params.strideX + kx * params.dilationX - params.padX;
      let at = sy * params.inWidth + sx;
      let value = x[base + at];
      if (sx < params.inWidth && (place == NONE || value > best)) {
        best = value;
        place = at;
      }
    }
  }
  return select(bitcast<u32>(best), place, INDEX);
}
