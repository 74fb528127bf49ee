// The two inner loops of resizing, once for each instruction set. They compute in 32-bit integers,
// so all give the same bits; which one runs is chosen when the first image is resized.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace deepfool {

constexpr int kPrecisionBits = 32 - 8 - 2;  // 8 of the pixel, 2 of headroom for bicubic overshoot
constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

// The source samples and weights of each of some consecutive output samples.
struct Weights {
  struct Span {
    int begin;
    int length;
  };
  std::vector<Span> spans;
  std::vector<int32_t> values;  // `taps` of them for each output sample
  size_t taps = 0;

  const int32_t* of(size_t i) const { return values.data() + taps * i; }
};

// Makes rows of pixels of as many rows of pixels.
using ResizeRows = std::function<void(const uint8_t* in, size_t inStride, size_t rows, uint8_t* out,
                                      size_t outStride)>;

struct Kernels {
  const char* name;
  // Makes one output pixel for each span, of rows of `pixels` pixels; `weights` must stay.
  ResizeRows (*rowResizer)(const Weights& weights, size_t pixels);
  // The weighted sum of `rows` rows of `bytes` bytes.
  void (*mixRows)(const uint8_t* in, size_t inStride, const int32_t* weights, int rows,
                  size_t bytes, uint8_t* out);
};

// The kernels in use: the fastest this processor runs, unless others were chosen.
const Kernels& kernels();

// Chooses kernels by name (scalar, avx2, neon). False when this processor has no such ones.
bool chooseKernels(const std::string& name);

// Each is null where it was not compiled or the processor lacks the instructions.
const Kernels* scalarKernels();
const Kernels* avx2Kernels();
const Kernels* neonKernels();

inline uint8_t toByte(int32_t fixedPoint) {
  const int32_t value = fixedPoint >> kPrecisionBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

}  // namespace deepfool
