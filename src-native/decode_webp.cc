#include "decode_webp.h"

#include <cstring>
#include <memory>
#include <new>
#include <string>

#include <webp/decode.h>
#include <webp/demux.h>

#include "exif.h"

namespace deepfool {
namespace {

void check(VP8StatusCode status, const char* part) {
  if (status == VP8_STATUS_OK) return;
  if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
  const std::string where = std::string("WebP ") + part + ": ";
  if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED) {
    throw ImageError(Fault::kTruncated, where + "the data end early");
  }
  throw ImageError(Fault::kCorrupt, where + "not valid");
}

void decodeStill(Bytes bytes, Image& image) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) throw ImageError(Fault::kCorrupt, "WebP: other version");
  config.output.colorspace = MODE_RGBA;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.pixels.data();
  config.output.u.RGBA.stride = static_cast<int>(image.stride());
  config.output.u.RGBA.size = image.byteLength();
  check(WebPDecode(bytes.data, bytes.size, &config), "data");
}

void decodeFirstFrame(const WebPData& data, Image& image) {
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) {
    throw ImageError(Fault::kCorrupt, "WebP: other version");
  }
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  if (!decoder) throw ImageError(Fault::kCorrupt, "WebP animation: not valid");
  WebPAnimInfo info{};
  uint8_t* frame = nullptr;
  int timestamp = 0;
  // The canvas comes from another parse of the file than the header did: they must agree.
  if (WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      info.canvas_width != static_cast<uint32_t>(image.width) ||
      info.canvas_height != static_cast<uint32_t>(image.height) ||
      WebPAnimDecoderGetNext(decoder.get(), &frame, &timestamp) == 0) {
    throw ImageError(Fault::kCorrupt, "WebP animation: the first frame is not valid");
  }
  std::memcpy(image.pixels.data(), frame, image.byteLength());
}

int orientationOf(const WebPData& data) {
  const std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)> demuxer(WebPDemux(&data),
                                                                     WebPDemuxDelete);
  if (!demuxer) return 1;
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  const int orientation = exifOrientation(chunk.chunk.bytes, chunk.chunk.size);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace

void decodeWebp(Bytes bytes, const DecodeOptions& options, Image& image) {
  WebPBitstreamFeatures features;
  check(WebPGetFeatures(bytes.data, bytes.size, &features), "header");
  setSize(image, features.width, features.height, options.maxPixels);
  const WebPData data = {bytes.data, bytes.size};
  if (features.has_animation != 0) {
    if (!options.firstFrame) {
      throw ImageError(Fault::kAnimated, "an animated WebP; firstFrame reads its first frame");
    }
    holdWhole(image);
    decodeFirstFrame(data, image);
  } else {
    holdWhole(image);
    decodeStill(bytes, image);
  }
  if (options.autoOrient) image.orientation = orientationOf(data);
}

}  // namespace deepfool
