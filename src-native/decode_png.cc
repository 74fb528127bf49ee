#include "decode_png.h"

#include <memory>
#include <new>
#include <string>

#include <spng.h>

#include "exif.h"

namespace deepfool {
namespace {

// Bounds on text and profile chunks, which nothing here reads.
constexpr size_t kMaxChunkBytes = 16u << 20;
constexpr size_t kMaxCachedBytes = 64u << 20;

void check(int status, const char* part) {
  if (status == 0) return;
  const bool ended =
      status == SPNG_IO_EOF || status == SPNG_EOF || status == SPNG_EIDAT_TOO_SHORT;
  if (status == SPNG_EMEM) throw std::bad_alloc();
  throw ImageError(ended ? Fault::kTruncated : Fault::kCorrupt,
                   std::string("PNG ") + part + ": " + spng_strerror(status));
}

}  // namespace

void decodePng(Bytes bytes, const DecodeOptions& options, Image& image) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), spng_ctx_free);
  if (!context) throw std::bad_alloc();
  check(spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxCachedBytes), "limits");
  check(spng_set_png_buffer(context.get(), bytes.data, bytes.size), "buffer");
  spng_ihdr header{};
  check(spng_get_ihdr(context.get(), &header), "header");
  setSize(image, header.width, header.height, options.maxPixels);
  holdWhole(image);
  check(spng_decode_image(context.get(), image.pixels.data(), image.byteLength(), SPNG_FMT_RGBA8, 0),
        "data");
  if (!options.autoOrient) return;
  spng_exif exif{};
  if (spng_get_exif(context.get(), &exif) != 0) return;
  image.orientation = exifOrientation(reinterpret_cast<const uint8_t*>(exif.data), exif.length);
}

}  // namespace deepfool
