// Elements travel as bits; INTEGER says that they are 32-bit integers, which floats hold to 2^24.
fn decode(bits: u32) -> f32 {
  if (INTEGER) {
    return f32(bitcast<i32>(bits));
  }
  return bitcast<f32>(bits);
}

fn encode(value: f32) -> u32 {
  if (INTEGER) {
    return bitcast<u32>(i32(value));
  }
  return bitcast<u32>(value);
}
