#include "exif.h"

#include <cstring>

namespace deepfool {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;  // the type of its value
constexpr size_t kEntryBytes = 12;

// Numbers in the byte order that the header tells; outside of the block all are 0.
class Reader {
 public:
  Reader(const uint8_t* data, size_t size, bool bigEndian)
      : data_(data), size_(size), bigEndian_(bigEndian) {}

  uint32_t number(size_t at, size_t length) const {
    if (at > size_ || length > size_ - at) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < length; i++) {
      value = value << 8 | data_[at + (bigEndian_ ? i : length - 1 - i)];
    }
    return value;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  bool bigEndian_;
};

}  // namespace

int exifOrientation(const uint8_t* data, size_t size) {
  constexpr size_t kPrefix = 6;
  if (size >= kPrefix && std::memcmp(data, "Exif\0\0", kPrefix) == 0) {
    data += kPrefix;
    size -= kPrefix;
  }
  if (size < 8) return 1;
  const bool bigEndian = std::memcmp(data, "MM\0*", 4) == 0;
  if (!bigEndian && std::memcmp(data, "II*\0", 4) != 0) return 1;
  const Reader reader(data, size, bigEndian);
  const size_t directory = reader.number(4, 4);
  const size_t count = reader.number(directory, 2);
  for (size_t i = 0; i < count; i++) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = reader.number(entry + 8, 2);
    const bool known = reader.number(entry + 2, 2) == kShort && value >= 1 && value <= 8;
    return known ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace deepfool
