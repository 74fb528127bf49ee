// y[i] = Σ parts[p][i] over the parts that live images have filled, in their order. The live batch scales
// the number of parts, not of results: those are spread over y, of which one launch may not have enough.
//#import common/work.wgsl
struct Params {
  unit: u32, // results
  launched: u32, // invocations
  images: u32, // for each live row
  perPart: u32, // images
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> parts: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let count = (params.images * extent.x + params.perPart - 1u) / params.perPart;
  for (var i = group.y * 64u + local; i < params.unit; i += params.launched) {
    var sum = 0.0;
    for (var part = 0u; part < count; part++) {
      sum += parts[part * params.unit + i];
    }
    y[i] = sum;
  }
}
