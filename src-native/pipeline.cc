#include "pipeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

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
    if (channels_ == 1) {
      write<1>(y, pixels);
    } else {
      write<3>(y, pixels);
    }
  }

 private:
  template <size_t kChannels>
  void write(int y, const uint8_t* pixels) const {
    const size_t begin = (static_cast<size_t>(y) + top_) * width_ + left_;
    const size_t apart = planes_ ? width_ * height_ : 1;
    const size_t step = planes_ ? 1 : kChannels;
    T* to = out_ + begin * step;
    for (size_t x = 0; x < count_; x++, to += step) {
      const uint8_t* levels = pixels + x * kBytesPerPixel;
      for (size_t c = 0; c < kChannels; c++) to[c * apart] = table_[c][levels[c]];
    }
  }

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

// Makes the result of the bands of a picture.
template <typename T>
class Renderer {
 public:
  // `image` tells of the picture and which columns its bands hold.
  Renderer(const Image& image, const LoadOptions& options, const Geometry& geometry, Buffer& rows,
           void* out)
      : writer_(options, geometry, out), window_(geometry.window()) {
    if (geometry.resized.width == image.decodedWidth() &&
        geometry.resized.height == image.decodedHeight()) {
      return;
    }
    resizer_.emplace(image, resizingOf(geometry, options.filter), rows,
                     [this](int y, const uint8_t* pixels) { writer_.row(y, pixels); });
  }
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  void add(const Image& band) {
    if (resizer_) return resizer_->add(band);
    const size_t skipped = static_cast<size_t>(window_.x - band.held.x) * kBytesPerPixel;
    const int end = std::min(band.held.y + band.held.height, window_.y + window_.height);
    for (int y = std::max(band.held.y, window_.y); y < end; y++) {
      writer_.row(y - window_.y, band.row(y) + skipped);
    }
  }

 private:
  Writer<T> writer_;
  Window window_;
  std::optional<Resizer> resizer_;
};

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
  return {options.maxPixels, options.autoOrient, options.firstFrame, nullptr, nullptr};
}

// Makes the result at `place(geometry)`, which is asked once the size is known.
template <typename T, typename Place>
void load(const Source& source, const LoadOptions& options, Scratch& scratch, const Place& place) {
  std::optional<Renderer<T>> renderer;
  DecodeOptions asked = decodeOptionsOf(options);
  asked.need = [&](int width, int height) { return needOf(width, height, options); };
  asked.takeBand = [&](Image& band) {
    if (options.channels == 1) convertToGray(band);
    if (!renderer) {
      const Geometry geometry = planGeometry(band.width, band.height, options);
      renderer.emplace(band, options, geometry, scratch.rows, place(geometry));
    }
    renderer->add(band);
  };
  decode(bytesOf(source, options, scratch.file), asked, scratch.image, scratch.spare);
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
  const auto place = [out](const Geometry&) { return out; };
  if (options.sample == Sample::kUint8) {
    load<uint8_t>(source, options, scratch, place);
  } else {
    load<float>(source, options, scratch, place);
  }
  return scratch.image.warning;
}

Tensor loadTensor(const Source& source, const LoadOptions& options, Scratch& scratch) {
  Tensor tensor;
  load<float>(source, options, scratch, [&](const Geometry& geometry) {
    tensor.channels = options.channels;
    tensor.height = geometry.down.outLength;
    tensor.width = geometry.across.outLength;
    tensor.data.resize(static_cast<size_t>(tensor.channels) * static_cast<size_t>(tensor.height) *
                       static_cast<size_t>(tensor.width));
    return tensor.data.data();
  });
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
