#include "pipeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "files.h"

namespace deepfool {
namespace {

struct Size {
  int64_t width;
  int64_t height;
};

Size resizedSize(int width, int height, int shorterSide) {
  if (shorterSide == 0) return {width, height};
  const int64_t side = shorterSide;
  if (width <= height) return {side, side * height / width};
  return {side * width / height, side};
}

// One axis of a centre crop: which samples are kept, and how many zeros come before them.
struct Cut {
  int begin;
  int length;
  int padding;
  int outLength;
};

// Python rounds halves to even, and so does nearbyint; rounding up moves odd crops by a pixel.
// A crop larger than the image pads, the odd pixel at the end.
Cut cutCentre(int64_t size, int crop) {
  const int length = static_cast<int>(size);
  if (crop == 0) return {0, length, 0, length};
  if (crop > length) return {0, length, (crop - length) / 2, crop};
  return {static_cast<int>(std::nearbyint((length - crop) / 2.0)), crop, 0, crop};
}

// Sides are counted in 32 bits, areas bounded by the caller's limit.
constexpr int64_t kMaxSide = 1 << 24;

void checkSize(const char* what, int64_t width, int64_t height, int64_t maxPixels) {
  const bool sidesFit = std::min(width, height) >= 1 && std::max(width, height) <= kMaxSide;
  if (sidesFit && width * height <= maxPixels) return;
  throw ImageError(Fault::kTooLarge, std::string(what) + " would be " + std::to_string(width) +
                                         " x " + std::to_string(height) + ", over the limit of " +
                                         std::to_string(maxPixels) + " pixels");
}

// Where the result comes from in a picture of a given size.
struct Geometry {
  Size resized;
  Cut across;
  Cut down;

  Window window() const { return {across.begin, down.begin, across.length, down.length}; }
};

Geometry planGeometry(int width, int height, const LoadOptions& options) {
  const Size size = resizedSize(width, height, options.resize);
  checkSize("the resized image", size.width, size.height, kMaxSide * kMaxSide);
  const Geometry geometry = {size, cutCentre(size.width, options.cropWidth),
                             cutCentre(size.height, options.cropHeight)};
  const Window window = geometry.window();
  checkSize("the kept part", window.width, window.height, options.maxPixels);
  checkSize("the tensor", geometry.across.outLength, geometry.down.outLength, options.maxPixels);
  return geometry;
}

Resizing resizingOf(const Geometry& geometry, Filter filter) {
  return {static_cast<int>(geometry.resized.width), static_cast<int>(geometry.resized.height),
          geometry.window(), filter};
}

// JPEG decodes at 1/2, 1/4 and 1/8 as fast as at full size or faster; other scales are slow.
int chooseDenominator(int width, int height, const LoadOptions& options) {
  if (!options.dctScale || options.resize == 0) return 1;
  int denominator = 8;
  while (denominator > 1 && std::min(width, height) / denominator < options.resize) denominator /= 2;
  return denominator;
}

Need needOf(int width, int height, const LoadOptions& options) {
  const Geometry geometry = planGeometry(width, height, options);
  const Window source = sourceOf(resizingOf(geometry, options.filter), width, height);
  return {chooseDenominator(width, height, options), source};
}

// A sample for each level of each channel.
template <typename T>
using Table = std::array<std::array<T, 256>, 3>;

template <typename T>
Table<T> makeTable(const LoadOptions& options);

template <>
Table<uint8_t> makeTable(const LoadOptions&) {
  Table<uint8_t> table{};
  for (auto& channel : table) {
    for (size_t level = 0; level < 256; level++) channel[level] = static_cast<uint8_t>(level);
  }
  return table;
}

// In float32 and in this order, as torchvision does: the bits depend on both.
template <>
Table<float> makeTable(const LoadOptions& options) {
  Table<float> table{};
  for (size_t c = 0; c < 3; c++) {
    for (size_t level = 0; level < 256; level++) {
      float value = static_cast<float>(level) / 255.0f;
      if (c < options.mean.size()) value = value - options.mean[c];
      if (c < options.deviation.size()) value = value / options.deviation[c];
      table[c][level] = value;
    }
  }
  return table;
}

// Writes rows of pixels as samples to their places in the result.
template <typename T>
class Writer {
 public:
  Writer(const LoadOptions& options, const Geometry& geometry, void* out)
      : table_(makeTable<T>(options)),
        channels_(static_cast<size_t>(options.channels)),
        width_(static_cast<size_t>(geometry.across.outLength)),
        height_(static_cast<size_t>(geometry.down.outLength)),
        left_(static_cast<size_t>(geometry.across.padding)),
        top_(static_cast<size_t>(geometry.down.padding)),
        count_(static_cast<size_t>(geometry.across.length)),
        planes_(options.layout == Layout::kChannelsFirst),
        out_(static_cast<T*>(out)) {
    const bool padded = geometry.across.length < geometry.across.outLength ||
                        geometry.down.length < geometry.down.outLength;
    if (padded) pad();
  }

  void row(int y, const uint8_t* pixels) const {
    const size_t begin = (static_cast<size_t>(y) + top_) * width_ + left_;
    const size_t step = planes_ ? 1 : channels_;
    for (size_t c = 0; c < channels_; c++) {
      const T* table = table_[c].data();
      T* to = planes_ ? out_ + c * width_ * height_ + begin : out_ + begin * channels_ + c;
      const uint8_t* from = pixels + c;
      for (size_t x = 0; x < count_; x++) to[x * step] = table[from[x * kBytesPerPixel]];
    }
  }

 private:
  void pad() const {
    const size_t area = width_ * height_;
    for (size_t i = 0; i < area * channels_; i++) {
      out_[i] = table_[planes_ ? i / area : i % channels_][0];
    }
  }

  Table<T> table_;
  size_t channels_;
  size_t width_;
  size_t height_;
  size_t left_;
  size_t top_;
  size_t count_;
  bool planes_;
  T* out_;
};

template <typename T>
void render(Scratch& scratch, const LoadOptions& options, const Geometry& geometry, void* out) {
  const Image& image = scratch.image;
  const Writer<T> writer(options, geometry, out);
  const Window window = geometry.window();
  if (geometry.resized.width == image.decodedWidth() &&
      geometry.resized.height == image.decodedHeight()) {
    const size_t skipped = static_cast<size_t>(window.x - image.held.x) * kBytesPerPixel;
    for (int y = 0; y < window.height; y++) writer.row(y, image.row(window.y + y) + skipped);
    return;
  }
  resize(image, resizingOf(geometry, options.filter), scratch.rows,
         [&](int y, const uint8_t* pixels) { writer.row(y, pixels); });
}

Bytes bytesOf(const Source& source, const LoadOptions& options, Buffer& file) {
  if (const auto* path = std::get_if<std::string>(&source)) {
    const size_t size = readFile(*path, options.maxBytes, file);
    return {file.data(), size};
  }
  const auto& bytes = std::get<std::vector<uint8_t>>(source);
  if (bytes.size() > static_cast<size_t>(options.maxBytes)) {
    throw ImageError(Fault::kTooLarge,
                     "over the limit of " + std::to_string(options.maxBytes) + " bytes");
  }
  return {bytes.data(), bytes.size()};
}

DecodeOptions decodeOptionsOf(const LoadOptions& options) {
  return {options.maxPixels, options.autoOrient, options.firstFrame, nullptr};
}

// Decodes what the result needs and says where it is.
Geometry decodeNeeded(const Source& source, const LoadOptions& options, Scratch& scratch) {
  DecodeOptions asked = decodeOptionsOf(options);
  asked.need = [&](int width, int height) { return needOf(width, height, options); };
  decode(bytesOf(source, options, scratch.file), asked, scratch.image, scratch.spare);
  if (options.channels == 1) convertToGray(scratch.image);
  return planGeometry(scratch.image.width, scratch.image.height, options);
}

}  // namespace

void Scratch::trim() {
  constexpr size_t kKept = 16u << 20;
  for (Buffer* buffer : {&file, &image.pixels, &spare.pixels, &rows}) {
    if (buffer->capacity() > kKept) buffer->release();
  }
}

void decodeSource(const Source& source, const LoadOptions& options, Scratch& scratch) {
  const Bytes bytes = bytesOf(source, options, scratch.file);
  decode(bytes, decodeOptionsOf(options), scratch.image, scratch.spare);
  if (options.channels == 1) convertToGray(scratch.image);
}

std::string loadInto(const Source& source, const LoadOptions& options, Scratch& scratch,
                     void* out) {
  const Geometry geometry = decodeNeeded(source, options, scratch);
  if (options.sample == Sample::kUint8) {
    render<uint8_t>(scratch, options, geometry, out);
  } else {
    render<float>(scratch, options, geometry, out);
  }
  return scratch.image.warning;
}

Tensor loadTensor(const Source& source, const LoadOptions& options, Scratch& scratch) {
  const Geometry geometry = decodeNeeded(source, options, scratch);
  Tensor tensor;
  tensor.channels = options.channels;
  tensor.height = geometry.down.outLength;
  tensor.width = geometry.across.outLength;
  tensor.data.resize(static_cast<size_t>(tensor.channels) * static_cast<size_t>(tensor.height) *
                     static_cast<size_t>(tensor.width));
  render<float>(scratch, options, geometry, tensor.data.data());
  return tensor;
}

void fillMissing(const LoadOptions& options, void* out) {
  const size_t count = static_cast<size_t>(options.channels) *
                       static_cast<size_t>(options.cropHeight) *
                       static_cast<size_t>(options.cropWidth);
  if (options.sample == Sample::kUint8) {
    std::memset(out, 0, count);
  } else {
    std::fill_n(static_cast<float*>(out), count, std::numeric_limits<float>::quiet_NaN());
  }
}

}  // namespace deepfool
