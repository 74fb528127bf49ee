#include "kernels.h"

#if defined(__aarch64__)

#include <cstring>

#include <arm_neon.h>

#include "image.h"

namespace deepfool {
namespace {

// The bytes of a pixel as four 32-bit numbers.
inline int32x4_t loadPixel(const uint8_t* at) {
  uint32_t pixel;
  std::memcpy(&pixel, at, sizeof pixel);
  const uint16x8_t wide = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(pixel)));
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(wide)));
}

// Four sums in 22-bit fixed point to the four bytes of a pixel; narrowing clips as toByte does.
inline void storePixel(int32x4_t sums, uint8_t* out) {
  const uint16x4_t levels = vqmovun_s32(vshrq_n_s32(sums, kPrecisionBits));
  const uint8x8_t bytes = vqmovn_u16(vcombine_u16(levels, levels));
  const uint32_t pixel = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
  std::memcpy(out, &pixel, sizeof pixel);
}

void resizeRows(const uint8_t* in, size_t inStride, size_t rows, const Weights& weights,
                uint8_t* out, size_t outStride) {
  for (size_t y = 0; y < rows; y++, in += inStride, out += outStride) {
    for (size_t i = 0; i < weights.spans.size(); i++) {
      const Weights::Span span = weights.spans[i];
      const int32_t* weight = weights.of(i);
      const uint8_t* pixel = in + static_cast<size_t>(span.begin) * kBytesPerPixel;
      int32x4_t sum = vdupq_n_s32(kHalf);
      for (int x = 0; x < span.length; x++, pixel += kBytesPerPixel) {
        sum = vmlaq_n_s32(sum, loadPixel(pixel), weight[x]);
      }
      storePixel(sum, out + i * kBytesPerPixel);
    }
  }
}

ResizeRows rowResizer(const Weights& weights, size_t) {
  return [&weights](const uint8_t* in, size_t inStride, size_t rows, uint8_t* out,
                    size_t outStride) { resizeRows(in, inStride, rows, weights, out, outStride); };
}

// 16 bytes at a time, then 4: a row is a whole number of pixels.
void mixRows(const uint8_t* in, size_t inStride, const int32_t* weights, int rows, size_t bytes,
             uint8_t* out) {
  size_t i = 0;
  for (; i + 16 <= bytes; i += 16) {
    int32x4_t sums[4] = {vdupq_n_s32(kHalf), vdupq_n_s32(kHalf), vdupq_n_s32(kHalf),
                         vdupq_n_s32(kHalf)};
    const uint8_t* at = in + i;
    for (int y = 0; y < rows; y++, at += inStride) {
      const uint8x16_t pixels = vld1q_u8(at);
      const uint16x8_t low = vmovl_u8(vget_low_u8(pixels));
      const uint16x8_t high = vmovl_u8(vget_high_u8(pixels));
      const uint16x4_t quarters[4] = {vget_low_u16(low), vget_high_u16(low), vget_low_u16(high),
                                      vget_high_u16(high)};
      for (int k = 0; k < 4; k++) {
        const int32x4_t wide = vreinterpretq_s32_u32(vmovl_u16(quarters[k]));
        sums[k] = vmlaq_n_s32(sums[k], wide, weights[y]);
      }
    }
    uint16x4_t levels[4];
    for (int k = 0; k < 4; k++) levels[k] = vqmovun_s32(vshrq_n_s32(sums[k], kPrecisionBits));
    const uint8x8_t low = vqmovn_u16(vcombine_u16(levels[0], levels[1]));
    const uint8x8_t high = vqmovn_u16(vcombine_u16(levels[2], levels[3]));
    vst1q_u8(out + i, vcombine_u8(low, high));
  }
  for (; i + kBytesPerPixel <= bytes; i += kBytesPerPixel) {
    int32x4_t sum = vdupq_n_s32(kHalf);
    const uint8_t* at = in + i;
    for (int y = 0; y < rows; y++, at += inStride) {
      sum = vmlaq_n_s32(sum, loadPixel(at), weights[y]);
    }
    storePixel(sum, out + i);
  }
}

}  // namespace

const Kernels* neonKernels() {
  static const Kernels kernels = {"neon", rowResizer, mixRows};
  return &kernels;  // every 64-bit ARM has it
}

}  // namespace deepfool

#else

namespace deepfool {
const Kernels* neonKernels() { return nullptr; }
}  // namespace deepfool

#endif
