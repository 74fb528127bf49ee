#include "image.h"

#include <string>

namespace deepfool {

void allocate(Image& image, int64_t width, int64_t height, int64_t maxPixels) {
  const std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (width < 1 || height < 1) throw ImageError("the header gives the size " + size);
  if (width > maxPixels || height > maxPixels / width) {
    throw ImageError("the header gives the size " + size + ", over the limit of " +
                     std::to_string(maxPixels) + " pixels");
  }
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.pixels.resize(image.stride() * static_cast<size_t>(height));
}

void convertToGray(Image& image) {
  uint8_t* end = image.pixels.data() + image.pixels.size();
  for (uint8_t* p = image.pixels.data(); p != end; p += kBytesPerPixel) {
    const uint32_t luma = p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u;
    p[0] = p[1] = p[2] = static_cast<uint8_t>(luma >> 16);
  }
}

std::vector<uint8_t> packChannels(const Image& image, int channels) {
  const size_t count = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  std::vector<uint8_t> packed(count * static_cast<size_t>(channels));
  const uint8_t* from = image.pixels.data();
  uint8_t* to = packed.data();
  for (size_t i = 0; i < count; i++, from += kBytesPerPixel) {
    for (int c = 0; c < channels; c++) *to++ = from[c];
  }
  return packed;
}

}  // namespace deepfool
