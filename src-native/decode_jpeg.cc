// libjpeg reports a fatal error through a function that must not return. It leaves by longjmp, which
// runs no destructors: so every function that calls setjmp here holds plain values only.
#include "decode_jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <string>

#include <jpeglib.h>

#include <jerror.h>

namespace deepfool {
namespace {

// A progressive file may repeat scans for ever; encoders write about ten.
constexpr int kMaxScans = 100;

struct ErrorState {
  jpeg_error_mgr base;  // first: libjpeg hands back a pointer to this member
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  bool truncated;
};

ErrorState* stateOf(j_common_ptr info) { return reinterpret_cast<ErrorState*>(info->err); }

[[noreturn]] void onError(j_common_ptr info) {
  ErrorState* state = stateOf(info);
  (*info->err->format_message)(info, state->message);
  std::longjmp(state->escape, 1);
}

// Levels below 0 are warnings. Only one of them means that pixels are missing: the source ran dry
// and libjpeg put an end marker there itself. The others are stray bytes between good blocks.
void onMessage(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) stateOf(info)->truncated = true;
}

void onProgress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  ErrorState* state = stateOf(info);
  std::snprintf(state->message, sizeof state->message, "more than %d scans", kMaxScans);
  std::longjmp(state->escape, 1);
}

class JpegReader {
 public:
  JpegReader() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = onError;
    errors_.base.emit_message = onMessage;
    progress_.progress_monitor = onProgress;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  bool readHeader(const uint8_t* data, size_t size) {
    if (setjmp(errors_.escape) != 0) return false;
    jpeg_mem_src(&info_, data, static_cast<unsigned long>(size));
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }

  bool readPixels(uint8_t* pixels, size_t stride) {
    if (setjmp(errors_.escape) != 0) return false;
    info_.out_color_space = isCmyk() ? JCS_CMYK : JCS_EXT_RGBX;
    info_.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + stride * info_.output_scanline;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  bool isCmyk() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  bool isInverted() const { return info_.saw_Adobe_marker != 0; }
  bool isTruncated() const { return errors_.truncated; }
  int64_t width() const { return info_.image_width; }
  int64_t height() const { return info_.image_height; }
  std::string message() const { return errors_.message; }

 private:
  jpeg_decompress_struct info_{};
  jpeg_progress_mgr progress_{};
  ErrorState errors_{};
};

// a * b / 255, rounded, as PIL computes it.
int multiply255(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// Adobe stores ink upside down: 255 is none.
void convertCmykToRgb(Image& image, bool inverted) {
  const int flip = inverted ? 255 : 0;
  uint8_t* end = image.pixels.data() + image.pixels.size();
  for (uint8_t* p = image.pixels.data(); p != end; p += kBytesPerPixel) {
    const int light = 255 - (p[3] ^ flip);
    for (int c = 0; c < 3; c++) {
      const int value = light - multiply255(p[c] ^ flip, light);
      p[c] = static_cast<uint8_t>(value < 0 ? 0 : value);
    }
  }
}

}  // namespace

void decodeJpeg(const std::vector<uint8_t>& bytes, int64_t maxPixels, Image& image) {
  JpegReader reader;
  if (!reader.readHeader(bytes.data(), bytes.size())) {
    throw ImageError("JPEG header: " + reader.message());
  }
  allocate(image, reader.width(), reader.height(), maxPixels);
  if (!reader.readPixels(image.pixels.data(), image.stride())) {
    throw ImageError("JPEG data: " + reader.message());
  }
  if (reader.isTruncated()) throw ImageError("JPEG is truncated: the data end early");
  if (reader.isCmyk()) convertCmykToRgb(image, reader.isInverted());
}

}  // namespace deepfool
