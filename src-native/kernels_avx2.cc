#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <immintrin.h>

#include "image.h"

#define DEEPFOOL_AVX2 __attribute__((target("avx2")))

namespace deepfool {
namespace {

// Four sums in 22-bit fixed point to the four bytes of a pixel.
DEEPFOOL_AVX2 inline void storePixel(__m128i sums, uint8_t* out) {
  const __m128i levels = _mm_srai_epi32(sums, kPrecisionBits);
  const __m128i bytes = _mm_packus_epi16(_mm_packs_epi32(levels, levels), levels);
  const int pixel = _mm_cvtsi128_si32(bytes);
  std::memcpy(out, &pixel, sizeof pixel);
}

DEEPFOOL_AVX2 inline __m256i loadTwoPixels(const uint8_t* at) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
}

DEEPFOOL_AVX2 inline __m128i loadPixel(const uint8_t* at) {
  int pixel;
  std::memcpy(&pixel, at, sizeof pixel);
  return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(pixel));
}

// Weights are split in two, high << kLowBits | low: products of 16-bit numbers are made and added in
// pairs, for a quarter of what 32-bit products cost.
constexpr int kLowBits = 11;

// The weights of four taps, in pairs, for two output pixels, one in each half.
struct alignas(32) Step {
  int32_t high[2][8];
  int32_t low[2][8];
};

constexpr size_t kTaps = 4;    // of a step
constexpr size_t kPixels = 4;  // made together: the first and the third, the second and the fourth
constexpr size_t kRows = 2;    // made together: they share the weights

// A four of output pixels: where the first step of each reads in a row, in bytes.
struct Four {
  size_t first;
  std::array<size_t, kPixels> from;
};

struct Plan {
  size_t stepsEach;
  std::vector<Four> fours;
  std::vector<Step> steps;  // of each four, stepsEach for either two
};

int32_t joinHalves(int32_t low, int32_t high) {
  return static_cast<int32_t>(static_cast<uint32_t>(high) << 16 |
                              (static_cast<uint32_t>(low) & 0xffff));
}

using Taps = std::array<int32_t, kTaps>;

// Of a span's weights those from `first` on; there are none before and after.
Taps tapsFrom(const int32_t* weights, int length, int first) {
  Taps taps{};
  for (int k = 0; k < static_cast<int>(kTaps); k++) {
    const int tap = first + k;
    if (tap >= 0 && tap < length) taps[static_cast<size_t>(k)] = weights[tap];
  }
  return taps;
}

void setTaps(Step& step, size_t half, const Taps& taps) {
  constexpr int32_t kLow = (1 << kLowBits) - 1;
  for (size_t k = 0; k < 2; k++) {
    const int32_t a = taps[2 * k];
    const int32_t b = taps[2 * k + 1];
    std::fill_n(step.high[k] + 4 * half, 4, joinHalves(a >> kLowBits, b >> kLowBits));
    std::fill_n(step.low[k] + 4 * half, 4, joinHalves(a & kLow, b & kLow));
  }
}

size_t stepsOf(const Weights& weights) {
  int longest = 0;
  for (const Weights::Span& span : weights.spans) longest = std::max(longest, span.length);
  return (static_cast<size_t>(longest) + kTaps - 1) / kTaps;
}

// Widens all spans to whole steps with zeros, leftwards where a row of `pixels` ends. The last four
// may repeat some of the one before.
Plan planSteps(const Weights& weights, size_t pixels) {
  const size_t count = weights.spans.size();
  Plan plan;
  plan.stepsEach = stepsOf(weights);
  plan.fours.resize((count + kPixels - 1) / kPixels);
  plan.steps.resize(plan.fours.size() * 2 * plan.stepsEach);
  const int lastStart = static_cast<int>(pixels - plan.stepsEach * kTaps);
  for (size_t i = 0; i < plan.fours.size(); i++) {
    Four& four = plan.fours[i];
    four.first = std::min(i * kPixels, count - kPixels);
    for (size_t k = 0; k < kPixels; k++) {
      const auto [begin, length] = weights.spans[four.first + k];
      const int start = std::min(begin, lastStart);
      four.from[k] = static_cast<size_t>(start) * kBytesPerPixel;
      Step* steps = plan.steps.data() + (2 * i + k % 2) * plan.stepsEach;
      for (size_t s = 0; s < plan.stepsEach; s++) {
        const int first = start - begin + static_cast<int>(s * kTaps);
        setTaps(steps[s], k / 2, tapsFrom(weights.of(four.first + k), length, first));
      }
    }
  }
  return plan;
}

DEEPFOOL_AVX2 inline __m256i loadHalves(const uint8_t* low, const uint8_t* high) {
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(low));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(high));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

DEEPFOOL_AVX2 inline __m256i loadWeights(const int32_t* weights) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
}

// The levels of two output pixels in `kRows` rows. They begin reading at `a` and `b`.
DEEPFOOL_AVX2 inline void resizeTwo(const uint8_t* a, const uint8_t* b, size_t stride,
                                    const Step* steps, size_t count, __m256i* levels) {
  // Neighbours side by side as 16-bit numbers: R R, G G, B B, X X.
  const __m256i firstPair = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1));
  const __m256i secondPair = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1));
  __m256i highs[kRows];
  __m256i lows[kRows];
  for (size_t y = 0; y < kRows; y++) {
    highs[y] = _mm256_setzero_si256();
    lows[y] = _mm256_set1_epi32(kHalf);
  }
  for (const Step* step = steps; step != steps + count; step++) {
    for (size_t y = 0; y < kRows; y++) {
      const __m256i pixels = loadHalves(a + y * stride, b + y * stride);
      const __m256i first = _mm256_shuffle_epi8(pixels, firstPair);
      const __m256i second = _mm256_shuffle_epi8(pixels, secondPair);
      const __m256i high = _mm256_add_epi32(_mm256_madd_epi16(first, loadWeights(step->high[0])),
                                            _mm256_madd_epi16(second, loadWeights(step->high[1])));
      const __m256i low = _mm256_add_epi32(_mm256_madd_epi16(first, loadWeights(step->low[0])),
                                           _mm256_madd_epi16(second, loadWeights(step->low[1])));
      highs[y] = _mm256_add_epi32(highs[y], high);
      lows[y] = _mm256_add_epi32(lows[y], low);
    }
    a += kTaps * kBytesPerPixel;
    b += kTaps * kBytesPerPixel;
  }
  for (size_t y = 0; y < kRows; y++) {
    const __m256i sums = _mm256_add_epi32(_mm256_slli_epi32(highs[y], kLowBits), lows[y]);
    levels[y] = _mm256_srai_epi32(sums, kPrecisionBits);
  }
}

DEEPFOOL_AVX2 void resizeTwoRows(const uint8_t* in, size_t inStride, const Plan& plan, uint8_t* out,
                                 size_t outStride) {
  const size_t count = plan.stepsEach;
  const Step* steps = plan.steps.data();
  for (const Four& four : plan.fours) {
    const auto& from = four.from;
    __m256i even[kRows];
    __m256i odd[kRows];
    resizeTwo(in + from[0], in + from[2], inStride, steps, count, even);
    resizeTwo(in + from[1], in + from[3], inStride, steps + count, count, odd);
    steps += 2 * count;
    const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(even[0], odd[0]),
                                              _mm256_packs_epi32(even[1], odd[1]));
    const __m256i rows = _mm256_permute4x64_epi64(bytes, _MM_SHUFFLE(3, 1, 2, 0));
    uint8_t* to = out + four.first * kBytesPerPixel;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(rows));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + outStride), _mm256_extracti128_si256(rows, 1));
  }
}

// The last row may be made twice. What is too small for twos and fours is left to the scalar code.
ResizeRows rowResizer(const Weights& weights, size_t pixels) {
  const ResizeRows one = scalarKernels()->rowResizer(weights, pixels);
  if (weights.spans.size() < kPixels || stepsOf(weights) * kTaps > pixels) return one;
  return [one, plan = planSteps(weights, pixels)](const uint8_t* in, size_t inStride, size_t rows,
                                                  uint8_t* out, size_t outStride) {
    if (rows < kRows) return one(in, inStride, rows, out, outStride);
    for (size_t next = 0; next < rows; next += kRows) {
      const size_t y = std::min(next, rows - kRows);
      resizeTwoRows(in + y * inStride, inStride, plan, out + y * outStride, outStride);
    }
  };
}

// 32 bytes at a time, then 4: a row is a whole number of pixels.
DEEPFOOL_AVX2 void mixRows(const uint8_t* in, size_t inStride, const int32_t* weights, int rows,
                           size_t bytes, uint8_t* out) {
  const __m256i half = _mm256_set1_epi32(kHalf);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // undoes packing by halves
  size_t i = 0;
  for (; i + 32 <= bytes; i += 32) {
    __m256i sums[4] = {half, half, half, half};
    const uint8_t* at = in + i;
    for (int y = 0; y < rows; y++, at += inStride) {
      const __m256i weight = _mm256_set1_epi32(weights[y]);
      for (int k = 0; k < 4; k++) {
        const __m256i product = _mm256_mullo_epi32(loadTwoPixels(at + 8 * k), weight);
        sums[k] = _mm256_add_epi32(sums[k], product);
      }
    }
    for (__m256i& sum : sums) sum = _mm256_srai_epi32(sum, kPrecisionBits);
    const __m256i low = _mm256_packs_epi32(sums[0], sums[1]);
    const __m256i high = _mm256_packs_epi32(sums[2], sums[3]);
    const __m256i packed = _mm256_packus_epi16(low, high);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                        _mm256_permutevar8x32_epi32(packed, order));
  }
  for (; i + kBytesPerPixel <= bytes; i += kBytesPerPixel) {
    __m128i sum = _mm_set1_epi32(kHalf);
    const uint8_t* at = in + i;
    for (int y = 0; y < rows; y++, at += inStride) {
      sum = _mm_add_epi32(sum, _mm_mullo_epi32(loadPixel(at), _mm_set1_epi32(weights[y])));
    }
    storePixel(sum, out + i);
  }
}

}  // namespace

const Kernels* avx2Kernels() {
  static const Kernels kernels = {"avx2", rowResizer, mixRows};
  return __builtin_cpu_supports("avx2") ? &kernels : nullptr;
}

}  // namespace deepfool

#else

namespace deepfool {
const Kernels* avx2Kernels() { return nullptr; }
}  // namespace deepfool

#endif
