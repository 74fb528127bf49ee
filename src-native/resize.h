// Antialiased bilinear and bicubic resizing, bit for bit what PIL's Image.resize gives: weights in
// 22-bit fixed point, a horizontal pass to bytes, then a vertical one (Pillow, Resample.c). Only the
// window that is kept is computed.
#pragma once

#include <cstdint>
#include <vector>

#include "image.h"

namespace deepfool {

enum class Filter { kBilinear, kBicubic };

struct Window {
  int x;
  int y;
  int width;
  int height;
};

// Resizes the whole of `source` to outWidth x outHeight and writes the part of that inside `window`
// to `target`, whose memory is reused. `window` must lie within the resized image.
void resizeWindow(const Image& source, int outWidth, int outHeight, const Window& window,
                  Filter filter, Image& target);

}  // namespace deepfool
