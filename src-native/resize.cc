#include "resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Compiles a function for AVX2 as well and picks at load time; results do not depend on it.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define DEEPFOOL_SIMD __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define DEEPFOOL_SIMD
#endif

namespace deepfool {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;  // 8 of the pixel, 2 of headroom for bicubic overshoot
constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

double bilinear(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

// Keys' cubic with a = -1/2.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// The source samples and weights of each output sample in [first, first + count).
struct Weights {
  struct Span {
    int begin;
    int length;
  };
  std::vector<Span> spans;
  std::vector<int32_t> values;  // taps of them for each output sample
  size_t taps = 0;

  const int32_t* of(int i) const { return values.data() + taps * static_cast<size_t>(i); }
};

int32_t toFixedPoint(double weight) {
  return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kPrecisionBits));
}

Weights computeWeights(int inSize, int outSize, int first, int count, Filter filter) {
  const auto kernel = filter == Filter::kBilinear ? bilinear : bicubic;
  const double radius = filter == Filter::kBilinear ? 1.0 : 2.0;
  const double scale = static_cast<double>(inSize) / outSize;
  const double stretch = std::max(scale, 1.0);  // antialiasing: shrinking widens the kernel
  const double support = radius * stretch;
  const double inverse = 1.0 / stretch;

  Weights weights;
  weights.taps = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  weights.spans.resize(static_cast<size_t>(count));
  weights.values.assign(weights.taps * static_cast<size_t>(count), 0);
  std::vector<double> exact(weights.taps);
  for (int i = 0; i < count; i++) {
    const double centre = (first + i + 0.5) * scale;
    const int begin = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int length = std::min(static_cast<int>(centre + support + 0.5), inSize) - begin;
    double sum = 0;
    for (int x = 0; x < length; x++) {
      exact[static_cast<size_t>(x)] = kernel((x + begin - centre + 0.5) * inverse);
      sum += exact[static_cast<size_t>(x)];
    }
    int32_t* values = weights.values.data() + weights.taps * static_cast<size_t>(i);
    for (int x = 0; x < length; x++) {
      const double weight = exact[static_cast<size_t>(x)];
      values[x] = toFixedPoint(sum != 0 ? weight / sum : weight);
    }
    weights.spans[static_cast<size_t>(i)] = {begin, length};
  }
  return weights;
}

inline uint8_t toByte(int32_t fixedPoint) {
  const int32_t value = fixedPoint >> kPrecisionBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

DEEPFOOL_SIMD
void resizeRow(const uint8_t* in, const Weights& weights, uint8_t* out) {
  const size_t count = weights.spans.size();
  for (size_t i = 0; i < count; i++) {
    const Weights::Span span = weights.spans[i];
    const int32_t* weight = weights.values.data() + weights.taps * i;
    const uint8_t* pixel = in + static_cast<size_t>(span.begin) * kBytesPerPixel;
    int32_t sum[kBytesPerPixel] = {kHalf, kHalf, kHalf, kHalf};
    for (int x = 0; x < span.length; x++, pixel += kBytesPerPixel) {
      for (int c = 0; c < kBytesPerPixel; c++) sum[c] += pixel[c] * weight[x];
    }
    for (int c = 0; c < kBytesPerPixel; c++) out[i * kBytesPerPixel + c] = toByte(sum[c]);
  }
}

DEEPFOOL_SIMD
void addWeightedRow(const uint8_t* in, int32_t weight, size_t count, int32_t* sums) {
  for (size_t i = 0; i < count; i++) sums[i] += in[i] * weight;
}

DEEPFOOL_SIMD
void storeRow(const int32_t* sums, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = toByte(sums[i]);
}

// The source rows [firstRow, firstRow + rows), resized along x.
void resizeHorizontally(const Image& source, const Weights& weights, int firstRow, int rows,
                        Image& target) {
  target.width = static_cast<int>(weights.spans.size());
  target.height = rows;
  target.pixels.resize(target.stride() * static_cast<size_t>(rows));
  for (int y = 0; y < rows; y++) resizeRow(source.row(firstRow + y), weights, target.row(y));
}

void resizeVertically(const Image& source, const Weights& weights, int firstRow, Image& target) {
  target.width = source.width;
  target.height = static_cast<int>(weights.spans.size());
  target.pixels.resize(target.stride() * static_cast<size_t>(target.height));
  std::vector<int32_t> sums(target.stride());
  for (int y = 0; y < target.height; y++) {
    const Weights::Span span = weights.spans[static_cast<size_t>(y)];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int i = 0; i < span.length; i++) {
      const uint8_t* row = source.row(span.begin - firstRow + i);
      addWeightedRow(row, weights.of(y)[i], sums.size(), sums.data());
    }
    storeRow(sums.data(), sums.size(), target.row(y));
  }
}

}  // namespace

void resizeWindow(const Image& source, int outWidth, int outHeight, const Window& window,
                  Filter filter, Image& target) {
  const auto across = computeWeights(source.width, outWidth, window.x, window.width, filter);
  const auto down = computeWeights(source.height, outHeight, window.y, window.height, filter);
  const int firstRow = down.spans.front().begin;
  const int lastRow = down.spans.back().begin + down.spans.back().length;
  thread_local Image narrowed;  // kept: the next image is likely of the same size
  resizeHorizontally(source, across, firstRow, lastRow - firstRow, narrowed);
  resizeVertically(narrowed, down, firstRow, target);
}

}  // namespace deepfool
