// libjpeg reports a fatal error through a function that must not return. It leaves by longjmp, which
// runs no destructors: so every function that calls setjmp here holds plain values only.
#include "decode_jpeg.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <string>

#include <jpeglib.h>

#include <jerror.h>

#include "exif.h"

namespace deepfool {
namespace {

// A progressive file may repeat scans for ever, and each one visits every pixel; encoders write
// about ten.
constexpr int64_t kMaxScans = 100;
constexpr int64_t kMinScans = 20;
constexpr int64_t kMaxPixelVisits = int64_t{1} << 31;

// libjpeg's own memory: all coefficients of a progressive file, in up to four components.
constexpr int64_t kBytesPerCoefficients = 8;
constexpr int64_t kSpareBytes = 64 << 20;

// Smooth upsampling looks one chroma sample to each side, but treats the left, right and upper edge
// of a part as those of the picture: it begins a block away. Below, libjpeg reads on by itself.
constexpr int kMargin = 16;

// Of two of the highest blocks. A band and what is made of it stay in the first-level cache.
constexpr int kBandRows = 16;

struct ErrorState {
  jpeg_error_mgr base;  // first: libjpeg hands back a pointer to this member
  jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  char warning[JMSG_LENGTH_MAX];
  int64_t maxScans;
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
  if (level >= 0) return;
  ErrorState* state = stateOf(info);
  if (info->err->msg_code == JWRN_JPEG_EOF) state->truncated = true;
  if (state->warning[0] == '\0') (*info->err->format_message)(info, state->warning);
}

void onProgress(j_common_ptr info) {
  ErrorState* state = stateOf(info);
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= state->maxScans) return;
  std::snprintf(state->message, sizeof state->message, "more than %d scans",
                static_cast<int>(state->maxScans));
  std::longjmp(state->escape, 1);
}

class JpegReader {
 public:
  JpegReader() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = onError;
    errors_.base.emit_message = onMessage;
    errors_.maxScans = kMaxScans;
    progress_.progress_monitor = onProgress;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  bool readHeader(Bytes bytes, bool keepExif) {
    if (setjmp(errors_.escape) != 0) return false;
    if (keepExif) jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xffff);
    jpeg_mem_src(&info_, bytes.data, static_cast<unsigned long>(bytes.size));
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
  }

  void limit(int64_t maxPixels) {
    const int64_t pixels = std::max<int64_t>(1, width() * height());
    errors_.maxScans = std::clamp(kMaxPixelVisits / pixels, kMinScans, kMaxScans);
    const int64_t bytes = maxPixels * kBytesPerCoefficients + kSpareBytes;
    info_.mem->max_memory_to_use = static_cast<long>(bytes);
  }

  // Makes ready to read `part`, and widens it to where blocks begin.
  bool start(int denominator, Window& part) {
    if (setjmp(errors_.escape) != 0) return false;
    info_.out_color_space = isCmyk() ? JCS_CMYK : JCS_EXT_RGBX;
    info_.dct_method = JDCT_ISLOW;
    info_.scale_num = 1;
    info_.scale_denom = static_cast<unsigned>(denominator);
    jpeg_start_decompress(&info_);
    if (static_cast<JDIMENSION>(part.width) < info_.output_width) {
      JDIMENSION left = static_cast<JDIMENSION>(part.x);
      JDIMENSION columns = static_cast<JDIMENSION>(part.width);
      if ((left + columns) % 2 == 1 && left + columns < info_.output_width) columns++;  // see Buffer
      jpeg_crop_scanline(&info_, &left, &columns);
      part.x = static_cast<int>(left);
      part.width = static_cast<int>(columns);
    }
    return true;
  }

  // Reads rows of the part started, from top to bottom.
  bool readRows(int first, int count, uint8_t* pixels, size_t stride) {
    if (setjmp(errors_.escape) != 0) return false;
    const JDIMENSION begin = static_cast<JDIMENSION>(first);
    const JDIMENSION end = begin + static_cast<JDIMENSION>(count);
    const JDIMENSION skipped = begin - info_.output_scanline;
    if (skipped > 0) jpeg_skip_scanlines(&info_, skipped);
    while (info_.output_scanline < end) {
      JSAMPROW row = pixels + stride * (info_.output_scanline - begin);
      jpeg_read_scanlines(&info_, &row, 1);
    }
    return true;
  }

  // Once the rows are read. What lies below them is not decoded, but it must be there: a file cut
  // short is found whichever part is asked for.
  bool finish() {
    if (setjmp(errors_.escape) != 0) return false;
    if (!hasEnd()) errors_.truncated = true;
    return true;
  }

  bool isCmyk() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  bool isInverted() const { return info_.saw_Adobe_marker != 0; }
  bool isProgressive() const { return info_.progressive_mode != 0; }
  bool isSubsampled() const {
    return std::any_of(info_.comp_info, info_.comp_info + info_.num_components, [this](auto& part) {
      return part.h_samp_factor != info_.max_h_samp_factor ||
             part.v_samp_factor != info_.max_v_samp_factor;
    });
  }
  bool isTruncated() const { return errors_.truncated; }
  int64_t width() const { return info_.image_width; }
  int64_t height() const { return info_.image_height; }
  std::string message() const { return errors_.message; }
  std::string warning() const { return errors_.warning; }

  int orientation() const {
    for (jpeg_saved_marker_ptr at = info_.marker_list; at != nullptr; at = at->next) {
      constexpr unsigned kExifPrefix = 6;
      if (at->data_length < kExifPrefix || at->data[0] != 'E') continue;  // XMP also uses APP1
      return exifOrientation(at->data, at->data_length);
    }
    return 1;
  }

 private:
  // Whether the picture's end is there. Between the last row read and the end lie compressed data,
  // in which libjpeg's stuffing keeps the end marker from appearing.
  bool hasEnd() {
    if (jpeg_input_complete(&info_) || info_.unread_marker == JPEG_EOI) return true;
    constexpr std::array<JOCTET, 2> kEnd = {0xff, JPEG_EOI};
    const JOCTET* at = info_.src->next_input_byte;
    const JOCTET* end = at + info_.src->bytes_in_buffer;
    return std::search(at, end, kEnd.begin(), kEnd.end()) != end;
  }

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
  uint8_t* end = image.pixels.data() + image.byteLength();
  for (uint8_t* p = image.pixels.data(); p != end; p += kBytesPerPixel) {
    const int light = 255 - (p[3] ^ flip);
    for (int c = 0; c < 3; c++) {
      const int value = light - multiply255(p[c] ^ flip, light);
      p[c] = static_cast<uint8_t>(value < 0 ? 0 : value);
    }
  }
}

// The needed part with a margin, within a picture of the given width.
Window withMargin(const Window& part, int width) {
  const int left = std::max(0, part.x - kMargin);
  const int top = std::max(0, part.y - kMargin);
  const int right = std::min(width, part.x + part.width + kMargin);
  return {left, top, right - left, part.y + part.height - top};
}

// Scaled and progressive files are decoded whole: the first so that one way of scaling serves all,
// the latter because libjpeg smooths blocks over the edges of a part when scans are missing.
Window choosePart(const JpegReader& reader, const DecodeOptions& options, Image& image) {
  const Window whole = {0, 0, image.width, image.height};
  if (!options.need) return whole;
  const Need need = options.need(image.width, image.height);
  image.denominator = need.denominator;
  if (need.denominator > 1) return {0, 0, image.decodedWidth(), image.decodedHeight()};
  if (reader.isProgressive() || image.orientation != 1) return whole;
  return reader.isSubsampled() ? withMargin(need.part, image.width) : need.part;
}

void check(bool ok, const char* part, const JpegReader& reader) {
  if (ok) return;
  throw ImageError(Fault::kCorrupt, std::string("JPEG ") + part + ": " + reader.message());
}

void readBand(JpegReader& reader, const Window& band, Image& image) {
  hold(image, band);
  check(reader.readRows(band.y, band.height, image.pixels.data(), image.stride()), "data", reader);
  if (reader.isCmyk()) convertCmykToRgb(image, reader.isInverted());
}

// Hands over all bands but the last, which is left in `image`.
void readBands(JpegReader& reader, const Window& part, const TakeBand& take, Image& image) {
  Window band = {part.x, part.y, part.width, kBandRows};
  const int end = part.y + part.height;
  for (; band.y + kBandRows < end; band.y += kBandRows) {
    readBand(reader, band, image);
    take(image);
  }
  band.height = end - band.y;
  readBand(reader, band, image);
}

}  // namespace

void decodeJpeg(Bytes bytes, const DecodeOptions& options, Image& image) {
  JpegReader reader;
  check(reader.readHeader(bytes, options.autoOrient), "header", reader);
  setSize(image, reader.width(), reader.height(), options.maxPixels);
  reader.limit(options.maxPixels);
  if (options.autoOrient) image.orientation = reader.orientation();
  Window part = choosePart(reader, options, image);
  check(reader.start(image.denominator, part), "data", reader);
  if (options.takeBand && image.orientation == 1) {
    readBands(reader, part, options.takeBand, image);
  } else {
    readBand(reader, part, image);
  }
  check(reader.finish(), "data", reader);
  if (reader.isTruncated()) {
    throw ImageError(Fault::kTruncated, "JPEG is truncated: the data end early");
  }
  image.warning = reader.warning();
}

}  // namespace deepfool
