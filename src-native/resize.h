// Antialiased bilinear and bicubic resizing, bit for bit what PIL's Image.resize gives: weights in
// 22-bit fixed point, a horizontal pass to bytes, then a vertical one (Pillow, Resample.c). Only the
// window that is kept is computed.
#pragma once

#include <functional>

#include "image.h"

namespace deepfool {

enum class Filter { kBilinear, kBicubic };

struct Resizing {
  int width;  // of the whole resized picture
  int height;
  Window window;  // the part of it that is kept
  Filter filter;
};

// Takes row y of the window, window.width pixels, in order.
using TakeRow = std::function<void(int y, const uint8_t* pixels)>;

// The rectangle of a picture of width x height that resizing reads.
Window sourceOf(const Resizing& resizing, int width, int height);

// Resizes the whole of `source`, of which the part that is read must be held. `spare` lends memory.
void resize(const Image& source, const Resizing& resizing, Buffer& spare, const TakeRow& take);

}  // namespace deepfool
