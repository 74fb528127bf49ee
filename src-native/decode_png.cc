#include "decode_png.h"

#include <memory>
#include <string>

#include <spng.h>

namespace deepfool {
namespace {

// Bounds on text and profile chunks, which nothing here reads.
constexpr size_t kMaxChunkBytes = 16u << 20;
constexpr size_t kMaxCachedBytes = 64u << 20;

void check(int status, const char* part) {
  if (status != 0) throw ImageError(std::string("PNG ") + part + ": " + spng_strerror(status));
}

}  // namespace

void decodePng(const std::vector<uint8_t>& bytes, int64_t maxPixels, Image& image) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), spng_ctx_free);
  if (!context) throw std::bad_alloc();
  check(spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxCachedBytes), "limits");
  check(spng_set_png_buffer(context.get(), bytes.data(), bytes.size()), "buffer");
  spng_ihdr header{};
  check(spng_get_ihdr(context.get(), &header), "header");
  allocate(image, header.width, header.height, maxPixels);
  check(spng_decode_image(context.get(), image.pixels.data(), image.pixels.size(), SPNG_FMT_RGBA8, 0),
        "data");
}

}  // namespace deepfool
