#include "decode.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "decode_jpeg.h"
#include "decode_png.h"

namespace deepfool {
namespace {

using Decoder = void (*)(const std::vector<uint8_t>&, int64_t, Image&);

struct Format {
  const char* name;
  std::string magic;
  size_t offset;
  Decoder decoder;  // null: known by sight, not read
};

const Format kFormats[] = {
    {"JPEG", "\xff\xd8\xff", 0, decodeJpeg}, {"PNG", "\x89PNG\r\n\x1a\n", 0, decodePng},
    {"WebP", "WEBP", 8, nullptr},            {"GIF", "GIF8", 0, nullptr},
    {"BMP", "BM", 0, nullptr},               {"TIFF", std::string("II*\0", 4), 0, nullptr},
    {"TIFF", std::string("MM\0*", 4), 0, nullptr},
};

const Format* sniff(const std::vector<uint8_t>& bytes) {
  for (const Format& format : kFormats) {
    if (bytes.size() < format.offset + format.magic.size()) continue;
    const uint8_t* at = bytes.data() + format.offset;
    if (std::memcmp(at, format.magic.data(), format.magic.size()) == 0) return &format;
  }
  return nullptr;
}

constexpr uintmax_t kMaxFileBytes = 512u << 20;

}  // namespace

std::vector<uint8_t> readFile(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error) throw ImageError(error.message());
  if (!std::filesystem::is_regular_file(status)) throw ImageError("not a regular file");
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw ImageError(error.message());
  if (size > kMaxFileBytes) throw ImageError("larger than 512 MiB");
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw ImageError(std::generic_category().message(errno));
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) throw ImageError("reading the file failed");
  return bytes;
}

void decode(const std::vector<uint8_t>& bytes, int64_t maxPixels, Image& image) {
  if (bytes.empty()) throw ImageError("empty: 0 bytes");
  const Format* format = sniff(bytes);
  if (format == nullptr) throw ImageError("unknown format; JPEG and PNG are read");
  if (format->decoder == nullptr) {
    throw ImageError(std::string(format->name) + " is not supported; JPEG and PNG are read");
  }
  format->decoder(bytes, maxPixels, image);
}

}  // namespace deepfool
