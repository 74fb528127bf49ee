// What becomes of an element before it is stored: the slot `epilogue`, an expression of the element and
// of up to two extra operands at the same place. An extra that is a row view lies `shift` elements
// further on, the same distance for a whole row of the result (params.rowElements).
@group(0) @binding(10) var<storage, read> extra0: array<f32>;
@group(0) @binding(11) var<storage, read> extra1: array<f32>;
@group(0) @binding(12) var<storage, read> extra_table: array<i32>;

fn epilogue(v: f32, e0: f32, e1: f32) -> f32 { return v; }
fn load_e0(i: u32, shift: u32) -> f32 { return 0.0; }
fn load_e1(i: u32, shift: u32) -> f32 { return 0.0; }
fn row_shift(row: u32) -> u32 { return 0u; }

fn finish(v: f32, i: u32, shift: u32) -> f32 {
  return epilogue(v, load_e0(i, shift), load_e1(i, shift));
}

fn finish4(v: vec4f, i: u32, shift: u32) -> vec4f {
  return vec4f(finish(v.x, i, shift), finish(v.y, i + 1u, shift), finish(v.z, i + 2u, shift), finish(v.w, i + 3u, shift));
}
