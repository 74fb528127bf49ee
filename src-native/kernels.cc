#include "kernels.h"

#include <atomic>

#include "image.h"

namespace deepfool {
namespace {

void resizeRows(const uint8_t* in, size_t inStride, size_t rows, const Weights& weights,
                uint8_t* out, size_t outStride) {
  for (size_t y = 0; y < rows; y++, in += inStride, out += outStride) {
    for (size_t i = 0; i < weights.spans.size(); i++) {
      const Weights::Span span = weights.spans[i];
      const int32_t* weight = weights.of(i);
      const uint8_t* pixel = in + static_cast<size_t>(span.begin) * kBytesPerPixel;
      int32_t sum[kBytesPerPixel] = {kHalf, kHalf, kHalf, kHalf};
      for (int x = 0; x < span.length; x++, pixel += kBytesPerPixel) {
        for (int c = 0; c < kBytesPerPixel; c++) sum[c] += pixel[c] * weight[x];
      }
      for (int c = 0; c < kBytesPerPixel; c++) out[i * kBytesPerPixel + c] = toByte(sum[c]);
    }
  }
}

ResizeRows rowResizer(const Weights& weights, size_t) {
  return [&weights](const uint8_t* in, size_t inStride, size_t rows, uint8_t* out,
                    size_t outStride) { resizeRows(in, inStride, rows, weights, out, outStride); };
}

void mixRows(const uint8_t* in, size_t inStride, const int32_t* weights, int rows, size_t bytes,
             uint8_t* out) {
  for (size_t i = 0; i < bytes; i++) {
    int32_t sum = kHalf;
    const uint8_t* at = in + i;
    for (int y = 0; y < rows; y++, at += inStride) sum += *at * weights[y];
    out[i] = toByte(sum);
  }
}

const Kernels* best() {
  if (const Kernels* avx2 = avx2Kernels()) return avx2;
  if (const Kernels* neon = neonKernels()) return neon;
  return scalarKernels();
}

std::atomic<const Kernels*>& chosen() {
  static std::atomic<const Kernels*> kernels{best()};
  return kernels;
}

}  // namespace

const Kernels* scalarKernels() {
  static const Kernels kernels = {"scalar", rowResizer, mixRows};
  return &kernels;
}

const Kernels& kernels() { return *chosen().load(std::memory_order_relaxed); }

bool chooseKernels(const std::string& name) {
  for (const Kernels* candidate : {scalarKernels(), avx2Kernels(), neonKernels()}) {
    if (candidate == nullptr || name != candidate->name) continue;
    chosen().store(candidate, std::memory_order_relaxed);
    return true;
  }
  return false;
}

}  // namespace deepfool
