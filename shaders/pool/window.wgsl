// Windows over planes: an output o reads the inputs o·stride − pad + k·dilation of its kernel.
//
// An invocation makes a strip of STRIP results next to each other in a row, because finding the plane,
// row and column of a result takes divisions, which cost more than a pool's arithmetic.
struct Params {
  unit: u32, // strips per live row
  inHeight: u32,
  inWidth: u32,
  outHeight: u32,
  outWidth: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  dilationY: u32,
  dilationX: u32,
  padY: u32,
  padX: u32,
  padEndY: u32,
  padEndX: u32,
  planesPerEntry: u32, // planes behind one index of the first axis
  rowElements: u32, // elements of the result behind it
}
@group(0) @binding(0) var<uniform> params: Params;

const STRIP = 1u;

struct Strip {
  plane: u32,
  row: u32,
  column: u32, // the first
}

fn strip_of(item: u32, height: u32, width: u32) -> Strip {
  let strips = (width + STRIP - 1u) / STRIP;
  let row = item / strips;
  return Strip(row / height, row % height, item % strips * STRIP);
}

// The first output whose window, `reach` wide, can contain input i.
fn first_output(i: u32, pad: u32, reach: u32, stride: u32) -> u32 {
  let end = i + pad + 1u;
  return select(0u, (end - reach + stride - 1u) / stride, end > reach);
}

// One past the last output whose window can contain input i.
fn end_output(i: u32, pad: u32, stride: u32, outputs: u32) -> u32 {
  return min((i + pad) / stride + 1u, outputs);
}

fn reach(kernel: u32, dilation: u32) -> u32 {
  return (kernel - 1u) * dilation + 1u;
}
