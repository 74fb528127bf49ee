#include "kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <cstring>

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

// `kRows` rows at once: they share the weights. Two source pixels a step, one in each half.
template <size_t kRows>
DEEPFOOL_AVX2 void resizeSome(const uint8_t* in, size_t inStride, const Weights& weights,
                              uint8_t* out, size_t outStride) {
  const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const size_t count = weights.spans.size();
  for (size_t i = 0; i < count; i++) {
    const Weights::Span span = weights.spans[i];
    const int32_t* weight = weights.of(i);
    const uint8_t* pixel = in + static_cast<size_t>(span.begin) * kBytesPerPixel;
    __m256i sums[kRows];
    for (size_t y = 0; y < kRows; y++) sums[y] = _mm256_setzero_si256();
    int x = 0;
    for (; x + 2 <= span.length; x += 2, pixel += 2 * kBytesPerPixel) {
      const __m128i pair = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weight + x));
      const __m256i both = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(pair), spread);
      for (size_t y = 0; y < kRows; y++) {
        const __m256i product = _mm256_mullo_epi32(loadTwoPixels(pixel + y * inStride), both);
        sums[y] = _mm256_add_epi32(sums[y], product);
      }
    }
    for (size_t y = 0; y < kRows; y++) {
      __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums[y]),
                                  _mm256_extracti128_si256(sums[y], 1));
      if (x < span.length) {
        const __m128i last = _mm_set1_epi32(weight[x]);
        sum = _mm_add_epi32(sum, _mm_mullo_epi32(loadPixel(pixel + y * inStride), last));
      }
      storePixel(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)),
                 out + y * outStride + i * kBytesPerPixel);
    }
  }
}

DEEPFOOL_AVX2 void resizeRows(const uint8_t* in, size_t inStride, size_t rows,
                              const Weights& weights, uint8_t* out, size_t outStride) {
  constexpr size_t kTogether = 4;
  size_t y = 0;
  for (; y + kTogether <= rows; y += kTogether) {
    resizeSome<kTogether>(in + y * inStride, inStride, weights, out + y * outStride, outStride);
  }
  for (; y < rows; y++) {
    resizeSome<1>(in + y * inStride, inStride, weights, out + y * outStride, outStride);
  }
}

ResizeRows rowResizer(const Weights& weights, size_t) {
  return [&weights](const uint8_t* in, size_t inStride, size_t rows, uint8_t* out,
                    size_t outStride) { resizeRows(in, inStride, rows, weights, out, outStride); };
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
