// What passes between decoding, resizing and encoding: a picture in memory, and the one exception.
// Every decoder writes the same layout, four bytes a pixel (R, G, B, unused), because a pixel that
// is one 32-bit word resizes three times as fast as one of three bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace deepfool {

constexpr int kBytesPerPixel = 4;

struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;

  size_t stride() const { return static_cast<size_t>(width) * kBytesPerPixel; }
  uint8_t* row(int y) { return pixels.data() + stride() * static_cast<size_t>(y); }
  const uint8_t* row(int y) const { return pixels.data() + stride() * static_cast<size_t>(y); }
};

// The bytes are not an image that can be read; the message is for the user.
class ImageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Sets the size of `image` once a header has told it. Throws, before allocating, when the size is
// not positive or above the limit: a file of a few bytes may claim gigapixels.
void allocate(Image& image, int64_t width, int64_t height, int64_t maxPixels);

// Overwrites R, G and B with the ITU-R 601 luma, in the 16-bit fixed point that PIL uses.
void convertToGray(Image& image);

// The first `channels` bytes of each pixel, without gaps: RGB, or gray after convertToGray.
std::vector<uint8_t> packChannels(const Image& image, int channels);

}  // namespace deepfool
