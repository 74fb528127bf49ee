// What every input must survive, beyond not crashing: decoding a part gives the pixels of decoding
// the whole, or the same refusal; every path of the resizer gives the same bits; a PNG comes back.
// A libFuzzer target (clang, -fsanitize=fuzzer), or driven by driver.cc.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "encode_png.h"
#include "kernels.h"
#include "pipeline.h"

namespace deepfool {
namespace {

constexpr int64_t kMaxPixels = 1 << 18;
constexpr int64_t kMaxBytes = 1 << 24;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "FINDING: %s\n", what);
  std::abort();
}

// Choices that depend on the input alone, so that a saved input shows its finding again.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) {
    for (size_t i = 0; i < size; i++) state_ = (state_ ^ data[i]) * 0x100000001b3u;
  }
  int below(int limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((state_ >> 33) % static_cast<uint64_t>(limit));
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325u;
};

// Decodes into new memory, so that one byte beyond it is found; returns a fault's name, or "".
std::string tryDecode(Bytes bytes, const DecodeOptions& options, Image& image) {
  Image spare;
  try {
    decode(bytes, options, image, spare);
  } catch (const ImageError& error) {
    return nameOf(error.fault());
  } catch (const std::bad_alloc&) {
    return nameOf(Fault::kOutOfMemory);
  }
  return "";
}

Window randomPart(Choices& choices, int width, int height) {
  const int x = choices.below(width);
  const int y = choices.below(height);
  return {x, y, 1 + choices.below(width - x), 1 + choices.below(height - y)};
}

// Compares the rows of `part` from y on that `some` holds; returns the row after the last of them.
int compareRows(const Image& whole, const Image& some, const Window& part, int y) {
  const size_t length = static_cast<size_t>(part.width) * kBytesPerPixel;
  const int end = std::min(part.y + part.height, some.held.y + some.held.height);
  for (; y < end; y++) {
    if (y < some.held.y) fail("bands leave a row out");
    const uint8_t* a = whole.row(y) + static_cast<size_t>(part.x - whole.held.x) * kBytesPerPixel;
    const uint8_t* b = some.row(y) + static_cast<size_t>(part.x - some.held.x) * kBytesPerPixel;
    if (std::memcmp(a, b, length) != 0) fail("a part has other pixels than the whole");
  }
  return y;
}

// Not upright: a part is asked for in the file's own directions.
void checkPart(Bytes bytes, bool firstFrame, Choices choices) {
  DecodeOptions options{kMaxPixels, false, firstFrame, nullptr, nullptr};
  Image whole;
  const std::string wholeFault = tryDecode(bytes, options, whole);
  Window part = {0, 0, 0, 0};
  options.need = [&](int width, int height) {
    part = randomPart(choices, width, height);
    return Need{1, part};
  };
  int y = -1;  // the next row that a band must hold
  options.takeBand = [&](Image& band) {
    if (y < 0) y = part.y;
    if (wholeFault.empty()) y = compareRows(whole, band, part, y);
  };
  if (choices.below(2) == 0) options.takeBand = nullptr;
  Image some;
  if (tryDecode(bytes, options, some) != wholeFault) fail("a part is refused, the whole is not");
  if (!wholeFault.empty() || part.width == 0) return;  // only JPEG asks what is needed
  if (!options.takeBand) y = compareRows(whole, some, part, part.y);
  if (y != part.y + part.height) fail("a part has too few rows");
}

LoadOptions randomOptions(Choices& choices) {
  LoadOptions options;
  options.maxPixels = kMaxPixels;
  options.maxBytes = kMaxBytes;
  options.resize = choices.below(4) == 0 ? 0 : 1 + choices.below(64);
  options.cropHeight = 1 + choices.below(48);
  options.cropWidth = 1 + choices.below(48);
  options.channels = choices.below(2) == 0 ? 1 : 3;
  options.filter = choices.below(2) == 0 ? Filter::kBilinear : Filter::kBicubic;
  options.layout = Layout::kChannelsLast;
  options.sample = Sample::kUint8;
  options.autoOrient = choices.below(3) == 0;
  options.firstFrame = choices.below(2) == 0;
  options.dctScale = choices.below(3) == 0;
  return options;
}

// The image as bytes, or none when it is refused.
std::vector<uint8_t> tryLoad(const Source& source, const LoadOptions& options) {
  Scratch scratch;
  std::vector<uint8_t> out(static_cast<size_t>(options.channels) *
                           static_cast<size_t>(options.cropHeight) *
                           static_cast<size_t>(options.cropWidth));
  try {
    static_cast<void>(loadInto(source, options, scratch, out.data()));
  } catch (const ImageError&) {
    out.clear();
  } catch (const std::bad_alloc&) {
    out.clear();
  }
  return out;
}

void checkPng(const std::vector<uint8_t>& pixels, const LoadOptions& options) {
  const auto png = encodePng(pixels, options.cropWidth, options.cropHeight, options.channels);
  LoadOptions plain = options;
  plain.resize = 0;
  if (tryLoad(png, plain) != pixels) fail("a PNG does not come back");
}

}  // namespace
}  // namespace deepfool

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace deepfool;
  static const std::string fastest = kernels().name;
  Choices choices(data, size);
  const LoadOptions options = randomOptions(choices);
  // A copy of just the size, so that reading beyond its end is found.
  const std::vector<uint8_t> input(data, data + size);
  checkPart({input.data(), input.size()}, options.firstFrame, choices);
  const auto pixels = tryLoad(input, options);
  if (pixels.empty()) return 0;
  static_cast<void>(chooseKernels("scalar"));
  const bool same = tryLoad(input, options) == pixels;
  static_cast<void>(chooseKernels(fastest));
  if (!same) fail("scalar code resizes to other bits");
  checkPng(pixels, options);
  return 0;
}
