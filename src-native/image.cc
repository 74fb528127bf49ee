#include "image.h"

#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace deepfool {

void Buffer::reserve(size_t size) {
  if (size <= capacity_) return;
  release();
  memory_.reset(static_cast<uint8_t*>(std::malloc(size + kOffset)));
  if (!memory_) throw std::bad_alloc();
  capacity_ = size;
}

void Buffer::release() {
  memory_.reset();
  capacity_ = 0;
}

const char* nameOf(Fault fault) {
  switch (fault) {
    case Fault::kEmpty: return "empty";
    case Fault::kUnknownFormat: return "unknown-format";
    case Fault::kUnsupported: return "unsupported-format";
    case Fault::kTooLarge: return "too-large";
    case Fault::kTruncated: return "truncated";
    case Fault::kCorrupt: return "corrupt";
    case Fault::kAnimated: return "animated";
    case Fault::kUnreadable: return "unreadable";
    case Fault::kOutOfMemory: return "out-of-memory";
    case Fault::kCancelled: return "cancelled";
  }
  return "corrupt";
}

void setSize(Image& image, int64_t width, int64_t height, int64_t maxPixels) {
  const std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (width < 1 || height < 1) {
    throw ImageError(Fault::kCorrupt, "the header gives the size " + size);
  }
  constexpr int64_t kMaxSide = std::numeric_limits<int>::max();
  if (width > maxPixels || height > maxPixels / width || width > kMaxSide || height > kMaxSide) {
    throw ImageError(Fault::kTooLarge, "the header gives the size " + size +
                                           ", over the limit of " + std::to_string(maxPixels) +
                                           " pixels");
  }
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.denominator = 1;
  image.held = {0, 0, 0, 0};
  image.orientation = 1;
  image.warning.clear();
}

void hold(Image& image, const Window& part) {
  image.held = part;
  image.pixels.reserve(image.byteLength());
}

void holdWhole(Image& image) {
  hold(image, {0, 0, image.decodedWidth(), image.decodedHeight()});
}

void convertToGray(Image& image) {
  uint8_t* end = image.pixels.data() + image.byteLength();
  for (uint8_t* p = image.pixels.data(); p != end; p += kBytesPerPixel) {
    const uint32_t luma = p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u;
    p[0] = p[1] = p[2] = static_cast<uint8_t>(luma >> 16);
  }
}

void turnUpright(Image& image, Image& upright) {
  const int orientation = image.orientation;
  if (orientation <= 1 || orientation > 8) return;
  // EXIF 2.3, 4.6.4: 5 to 8 swap the axes; which of the source's axes then runs backwards.
  const bool swapped = orientation >= 5;
  const bool fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool fromBelow = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int inWidth = image.held.width;
  const int inHeight = image.held.height;
  upright.width = swapped ? image.height : image.width;
  upright.height = swapped ? image.width : image.height;
  upright.denominator = image.denominator;
  upright.orientation = 1;
  upright.warning = image.warning;
  holdWhole(upright);
  for (int y = 0; y < upright.held.height; y++) {
    uint8_t* to = upright.row(y);
    for (int x = 0; x < upright.held.width; x++, to += kBytesPerPixel) {
      const int along = swapped ? y : x;
      const int down = swapped ? x : y;
      const int fromX = fromRight ? inWidth - 1 - along : along;
      const int fromY = fromBelow ? inHeight - 1 - down : down;
      std::memcpy(to, image.row(fromY) + static_cast<size_t>(fromX) * kBytesPerPixel,
                  kBytesPerPixel);
    }
  }
  std::swap(image, upright);
}

std::vector<uint8_t> packChannels(const Image& image, int channels) {
  const size_t count = image.byteLength() / kBytesPerPixel;
  std::vector<uint8_t> packed(count * static_cast<size_t>(channels));
  const uint8_t* from = image.pixels.data();
  uint8_t* to = packed.data();
  for (size_t i = 0; i < count; i++, from += kBytesPerPixel) {
    for (int c = 0; c < channels; c++) *to++ = from[c];
  }
  return packed;
}

}  // namespace deepfool
