// Nothing but multiply-adds: 24 sums in registers, each waiting for none of the others. What a kernel
// could reach on this adapter if loads, stores and addresses were free.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;

const STEPS = 4096u;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let scale = vec4f(y[id.x]);
  let offset = vec4f(y[id.x + 8u]);
  var a = 1.0 * scale;
  var b = 2.0 * scale;
  var c = 3.0 * scale;
  var d = 4.0 * scale;
  var e = 5.0 * scale;
  var f = 6.0 * scale;
  for (var k = 0u; k < STEPS; k++) {
    a = fma(a, scale, offset);
    b = fma(b, scale, offset);
    c = fma(c, scale, offset);
    d = fma(d, scale, offset);
    e = fma(e, scale, offset);
    f = fma(f, scale, offset);
  }
  y[id.x] = dot(a + b + c, d + e + f);
}
