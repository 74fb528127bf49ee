// Nothing but multiply-adds: 12 sums, each waiting for none of the others, and two factors, which 16
// registers hold; eight of each a trip, lest the loop itself take most of the time. What a kernel could
// reach on this adapter if loads, stores and addresses were free.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;

const STEPS = 512u;
const TOGETHER = 8u;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let scale = y[id.x];
  let offset = y[id.x + 8u];
  var a = vec4f(1.0, 2.0, 3.0, 4.0) * scale;
  var b = vec4f(5.0, 6.0, 7.0, 8.0) * scale;
  var c = vec4f(9.0, 10.0, 11.0, 12.0) * scale;
  for (var k = 0u; k < STEPS; k++) {
    //#unroll I 0..TOGETHER
    a = fma(a, vec4f(scale), vec4f(offset));
    b = fma(b, vec4f(scale), vec4f(offset));
    c = fma(c, vec4f(scale), vec4f(offset));
    //#end
  }
  y[id.x] = dot(a + b + c, vec4f(1.0));
}
