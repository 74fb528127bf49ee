// What passes between decoding, resizing and encoding: a picture in memory, and the one exception.
// Every decoder writes the same layout, four bytes a pixel (R, G, B, unused), because a pixel that
// is one 32-bit word resizes three times as fast as one of three bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace deepfool {

constexpr int kBytesPerPixel = 4;

struct Window {
  int x;
  int y;
  int width;
  int height;
};

// Memory that is kept from image to image and, unlike a vector's, not zeroed when it grows. It begins
// 4 bytes past a multiple of 8, and so do rows of an even number of pixels: what begins at a multiple
// of 32 libjpeg-turbo writes to main memory, past the caches, and reading it back takes longer than
// resizing it.
class Buffer {
 public:
  // Makes room for `size` bytes; what was in it may be lost. Throws bad_alloc.
  void reserve(size_t size);
  void release();
  size_t capacity() const { return capacity_; }
  uint8_t* data() { return memory_.get() + kOffset; }
  const uint8_t* data() const { return memory_.get() + kOffset; }

 private:
  static constexpr size_t kOffset = 4;
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  size_t capacity_ = 0;
};

struct Image {
  int width = 0;  // of the whole picture, as its header has it
  int height = 0;
  int denominator = 1;        // what is in memory was decoded that many times smaller
  Window held{0, 0, 0, 0};    // the part of the (smaller) picture that is in memory
  int orientation = 1;        // EXIF's, 1 to 8; 1 when nobody asked
  std::string warning;        // of a decoder that went on past a fault; empty without one
  Buffer pixels;

  // The size of the picture as decoded, of which `held` is a part.
  int decodedWidth() const { return (width + denominator - 1) / denominator; }
  int decodedHeight() const { return (height + denominator - 1) / denominator; }

  size_t stride() const { return static_cast<size_t>(held.width) * kBytesPerPixel; }
  size_t byteLength() const { return stride() * static_cast<size_t>(held.height); }
  // The held part of a row; y counts in the decoded picture.
  uint8_t* row(int y) { return pixels.data() + stride() * static_cast<size_t>(y - held.y); }
  const uint8_t* row(int y) const {
    return pixels.data() + stride() * static_cast<size_t>(y - held.y);
  }
};

enum class Fault {
  kEmpty,
  kUnknownFormat,
  kUnsupported,
  kTooLarge,
  kTruncated,
  kCorrupt,
  kAnimated,
  kUnreadable,
  kOutOfMemory,
  kCancelled,
};

// The name that JavaScript knows a fault by.
const char* nameOf(Fault fault);

// The bytes are not an image that can be read; the message is for the user.
class ImageError : public std::runtime_error {
 public:
  ImageError(Fault fault, const std::string& message)
      : std::runtime_error(message), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

// Sets the size of `image` once a header has told it. Throws, before allocating, when the size is
// not positive or above the limit: a file of a few bytes may claim gigapixels.
void setSize(Image& image, int64_t width, int64_t height, int64_t maxPixels);

// Takes memory for a part of the picture.
void hold(Image& image, const Window& part);
void holdWhole(Image& image);

// Overwrites R, G and B with the ITU-R 601 luma, in the 16-bit fixed point that PIL uses.
void convertToGray(Image& image);

// Turns and mirrors a whole picture upright, as its orientation says; `upright` lends memory.
void turnUpright(Image& image, Image& upright);

// The first `channels` bytes of each pixel held, without gaps: RGB, or gray after convertToGray.
std::vector<uint8_t> packChannels(const Image& image, int channels);

}  // namespace deepfool
