// What the window of an average pool is divided by: its elements inside the input, or with PADDED
// inside input plus declared padding.
const PADDED = false;

fn divisor(oy: u32, ox: u32) -> f32 {
  return f32(
    counted(oy * params.strideY, params.kernelHeight, params.dilationY, params.padY, params.inHeight, params.padEndY)
      * counted(ox * params.strideX, params.kernelWidth, params.dilationX, params.padX, params.inWidth, params.padEndX),
  );
}

// Elements of one axis that count, of a window that starts at `start` of the padded axis.
fn counted(start: u32, kernel: u32, dilation: u32, pad: u32, size: u32, padEnd: u32) -> u32 {
  let first = select(pad, 0u, PADDED);
  let end = pad + size + select(0u, padEnd, PADDED);
  if (dilation == 1u) {
    return min(start + kernel, end) - max(start, first);
  }
  var count = 0u;
  for (var k = 0u; k < kernel; k++) {
    let at = start + k * dilation;
    count += select(0u, 1u, at >= first && at < end);
  }
  return count;
}
