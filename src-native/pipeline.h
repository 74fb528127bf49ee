// From pixels to a network's input, exactly as torchvision does it on PIL images:
// Resize (shorter side) -> CenterCrop -> ToTensor. Values in [0, 1], channels first.
#pragma once

#include <cstdint>
#include <vector>

#include "image.h"
#include "resize.h"

namespace deepfool {

struct TensorOptions {
  int resize = 0;      // length of the shorter side; 0 keeps the size
  int cropHeight = 0;  // 0 keeps the whole image
  int cropWidth = 0;
  int channels = 3;  // 3: RGB, 1: gray
  Filter filter = Filter::kBilinear;
  int64_t maxPixels = 0;
};

struct Tensor {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<float> data;  // [channels, height, width]
};

// `image` is used up: a gray tensor converts it in place. Throws ImageError for a result over
// maxPixels.
Tensor makeTensor(Image& image, const TensorOptions& options);

}  // namespace deepfool
