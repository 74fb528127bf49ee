// From a file's bytes to pixels, whatever the format. The format is told by the first bytes, never
// by the file's name. A new format is a decode_FORMAT.cc and one line in decode.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "image.h"

namespace deepfool {

// The bytes of a file; somebody else owns them.
struct Bytes {
  const uint8_t* data;
  size_t size;
};

// What of a picture is needed. A decoder may give more, and most give all of it.
struct Need {
  int denominator = 1;  // 2, 4 or 8: a picture that many times smaller is large enough
  Window part{0, 0, 0, 0};  // in the picture at full size
};

// Takes the rows that `band` holds just then. Bands come from top to bottom, without gaps.
using TakeBand = std::function<void(Image& band)>;

struct DecodeOptions {
  int64_t maxPixels = 0;
  bool autoOrient = false;
  bool firstFrame = false;
  // Asked once the size is known; without it everything is needed.
  std::function<Need(int width, int height)> need;
  // Given the picture in bands, while each is still in the cache; without it `image` holds all in
  // the end. A decoder that has all at once hands over one band.
  TakeBand takeBand;
};

// Decodes into `image`, whose memory is reused, and turns it upright when asked (`spare` lends
// memory for that). Throws ImageError. What is needed has no influence on which files are refused.
void decode(Bytes bytes, const DecodeOptions& options, Image& image, Image& spare);

}  // namespace deepfool
