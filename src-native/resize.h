// Antialiased bilinear and bicubic resizing, bit for bit what PIL's Image.resize gives: weights in
// 22-bit fixed point, a horizontal pass to bytes, then a vertical one (Pillow, Resample.c). Only the
// window that is kept is computed.
#pragma once

#include <functional>

#include "image.h"
#include "kernels.h"

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

// Resizes a picture given in bands of rows, from top to bottom. Only the rows that are still needed
// are kept.
class Resizer {
 public:
  // `source` tells of the picture and which columns its bands hold; `rows` lends memory.
  Resizer(const Image& source, const Resizing& resizing, Buffer& rows, TakeRow take);
  Resizer(const Resizer&) = delete;  // resizeRows_ refers to across_
  Resizer& operator=(const Resizer&) = delete;

  void add(const Image& band);

 private:
  uint8_t* row(int y) { return rows_.data() + stride_ * static_cast<size_t>(y - top_); }
  void dropRows();
  void mixRows();

  Weights across_;
  Weights down_;
  ResizeRows resizeRows_;
  size_t stride_;
  Buffer& rows_;  // resized across: the source's rows from top_ up to done_
  int top_;
  int done_;
  int end_;          // from this row on the source is not read
  size_t next_ = 0;  // row of the result
  Buffer mixed_;
  TakeRow take_;
};

}  // namespace deepfool
