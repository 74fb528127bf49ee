// From a file to a network's input, exactly as torchvision does it on PIL images:
// Resize (shorter side) -> CenterCrop -> ToTensor -> Normalize.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "decode.h"
#include "image.h"
#include "resize.h"

namespace deepfool {

enum class Layout { kChannelsFirst, kChannelsLast };
enum class Sample { kFloat32, kUint8 };

struct LoadOptions {
  int resize = 0;      // length of the shorter side; 0 keeps the size
  int cropHeight = 0;  // 0 keeps the whole image
  int cropWidth = 0;
  int channels = 3;  // 3: RGB, 1: gray
  Filter filter = Filter::kBilinear;
  Layout layout = Layout::kChannelsFirst;
  Sample sample = Sample::kFloat32;
  // Of float samples: (level / 255 - mean) / deviation, one of each a channel; empty for neither.
  std::vector<float> mean;
  std::vector<float> deviation;
  int64_t maxPixels = 0;
  int64_t maxBytes = 0;
  bool autoOrient = false;
  bool firstFrame = false;
  bool dctScale = false;  // large JPEGs are decoded smaller, which is faster and not exact

  size_t sampleBytes() const { return sample == Sample::kFloat32 ? sizeof(float) : 1; }
};

using Source = std::variant<std::string, std::vector<uint8_t>>;  // a path, or the bytes themselves

// What one thread works with, kept from image to image.
struct Scratch {
  Buffer file;
  Image image;
  Image spare;
  Buffer rows;

  // Gives memory back that an unusually large image took.
  void trim();
};

struct Tensor {
  int channels = 0;
  int height = 0;
  int width = 0;
  std::vector<float> data;  // [channels, height, width]
};

// Decodes the whole image into scratch.image, gray if so wanted. Throws ImageError, as all here.
void decodeSource(const Source& source, const LoadOptions& options, Scratch& scratch);

// Loads into `out`, which has room for cropHeight x cropWidth x channels samples; both are given.
// Returns a warning, empty without one.
std::string loadInto(const Source& source, const LoadOptions& options, Scratch& scratch, void* out);

// As loadInto, where the result's size may depend on the image's; float samples, channels first.
Tensor loadTensor(const Source& source, const LoadOptions& options, Scratch& scratch);

// Marks the place of an image that could not be loaded: NaN, or 0 in bytes.
void fillMissing(const LoadOptions& options, void* out);

}  // namespace deepfool
