// The planes that are gathered and the products they are gathered from.
struct Params {
  unit: u32, // elements of a row, or planes of them
  outHeight: u32,
  outWidth: u32,
  inHeight: u32, // of the products
  inWidth: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  dilationY: u32,
  dilationX: u32,
  padY: u32,
  padX: u32,
  rowElements: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
