#include "pipeline.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace deepfool {
namespace {

struct Size {
  int64_t width;
  int64_t height;
};

Size resizedSize(const Image& image, int shorterSide) {
  if (shorterSide == 0) return {image.width, image.height};
  const int64_t side = shorterSide;
  if (image.width <= image.height) return {side, side * image.height / image.width};
  return {side * image.width / image.height, side};
}

// One axis of a centre crop: which samples are kept, and how many zeros come before them.
struct Cut {
  int begin;
  int length;
  int padding;
};

// Python rounds halves to even, and so does nearbyint; rounding up moves odd crops by a pixel.
// A crop larger than the image pads, the odd pixel at the end.
Cut cutCentre(int64_t size, int crop) {
  const int length = static_cast<int>(size);
  if (crop == 0) return {0, length, 0};
  if (crop > length) return {0, length, (crop - length) / 2};
  return {static_cast<int>(std::nearbyint((length - crop) / 2.0)), crop, 0};
}

// Sides are counted in 32 bits, areas bounded by the caller's limit.
constexpr int64_t kMaxSide = 1 << 24;

void checkSize(const char* what, int64_t width, int64_t height, int64_t maxPixels) {
  const bool sidesFit = std::min(width, height) >= 1 && std::max(width, height) <= kMaxSide;
  if (sidesFit && width * height <= maxPixels) return;
  throw ImageError(std::string(what) + " would be " + std::to_string(width) + " x " +
                   std::to_string(height) + ", over the limit of " + std::to_string(maxPixels) +
                   " pixels");
}

void copyWindow(const Image& source, const Window& window, Image& target) {
  target.width = window.width;
  target.height = window.height;
  target.pixels.resize(target.stride() * static_cast<size_t>(window.height));
  for (int y = 0; y < window.height; y++) {
    const uint8_t* from = source.row(window.y + y) + window.x * kBytesPerPixel;
    std::copy_n(from, target.stride(), target.row(y));
  }
}

void writePlane(const Image& image, int channel, int stride, float* plane) {
  for (int y = 0; y < image.height; y++, plane += stride) {
    const uint8_t* pixel = image.row(y) + channel;
    for (int x = 0; x < image.width; x++) plane[x] = pixel[x * kBytesPerPixel] / 255.0f;
  }
}

}  // namespace

Tensor makeTensor(Image& image, const TensorOptions& options) {
  if (options.channels == 1) convertToGray(image);
  const Size size = resizedSize(image, options.resize);
  checkSize("the resized image", size.width, size.height, kMaxSide * kMaxSide);
  const Cut across = cutCentre(size.width, options.cropWidth);
  const Cut down = cutCentre(size.height, options.cropHeight);
  const Window window = {across.begin, down.begin, across.length, down.length};
  checkSize("the kept part", window.width, window.height, options.maxPixels);

  Tensor tensor;
  tensor.channels = options.channels;
  tensor.width = options.cropWidth == 0 ? window.width : options.cropWidth;
  tensor.height = options.cropHeight == 0 ? window.height : options.cropHeight;
  checkSize("the tensor", tensor.width, tensor.height, options.maxPixels);

  thread_local Image kept;
  if (size.width == image.width && size.height == image.height) {
    copyWindow(image, window, kept);
  } else {
    resizeWindow(image, static_cast<int>(size.width), static_cast<int>(size.height), window,
                 options.filter, kept);
  }
  const size_t area = static_cast<size_t>(tensor.width) * static_cast<size_t>(tensor.height);
  tensor.data.assign(area * static_cast<size_t>(tensor.channels), 0.0f);
  const size_t corner = static_cast<size_t>(down.padding) * static_cast<size_t>(tensor.width) +
                        static_cast<size_t>(across.padding);
  for (int c = 0; c < tensor.channels; c++) {
    writePlane(kept, c, tensor.width, tensor.data.data() + area * static_cast<size_t>(c) + corner);
  }
  return tensor;
}

}  // namespace deepfool
