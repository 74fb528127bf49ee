#include "decode.h"

#include <cstring>
#include <string>

#include "decode_jpeg.h"
#include "decode_png.h"
#include "decode_webp.h"

namespace deepfool {
namespace {

using Decoder = void (*)(Bytes, const DecodeOptions&, Image&);

struct Format {
  const char* name;
  std::string magic;
  size_t offset;
  Decoder decoder;  // null: known by sight, not read
};

const Format kFormats[] = {
    {"JPEG", "\xff\xd8\xff", 0, decodeJpeg},
    {"PNG", "\x89PNG\r\n\x1a\n", 0, decodePng},
    {"WebP", "WEBP", 8, decodeWebp},
    {"GIF", "GIF8", 0, nullptr},
    {"BMP", "BM", 0, nullptr},
    {"TIFF", std::string("II*\0", 4), 0, nullptr},
    {"TIFF", std::string("MM\0*", 4), 0, nullptr},
    {"AVIF", "ftypavif", 4, nullptr},
    {"HEIF", "ftyphei", 4, nullptr},
    {"JPEG XL", "\xff\x0a", 0, nullptr},
};
constexpr const char* kRead = "; JPEG, PNG and WebP are read";

const Format* sniff(Bytes bytes) {
  for (const Format& format : kFormats) {
    if (bytes.size < format.offset + format.magic.size()) continue;
    const uint8_t* at = bytes.data + format.offset;
    if (std::memcmp(at, format.magic.data(), format.magic.size()) == 0) return &format;
  }
  return nullptr;
}

}  // namespace

void decode(Bytes bytes, const DecodeOptions& options, Image& image, Image& spare) {
  if (bytes.size == 0) throw ImageError(Fault::kEmpty, "empty: 0 bytes");
  const Format* format = sniff(bytes);
  if (format == nullptr) {
    throw ImageError(Fault::kUnknownFormat, std::string("unknown format") + kRead);
  }
  if (format->decoder == nullptr) {
    throw ImageError(Fault::kUnsupported, std::string(format->name) + " is not supported" + kRead);
  }
  format->decoder(bytes, options, image);
  turnUpright(image, spare);
  if (options.takeBand) options.takeBand(image);  // the last
}

}  // namespace deepfool
