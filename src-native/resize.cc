#include "resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace deepfool {
namespace {

constexpr int kTogether = 16;  // rows resized across before they are mixed

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

// One axis. Decoding at a smaller scale rounds the number of samples up; `extent` is the exact
// length, in samples, that the picture covers.
struct Axis {
  int samples;
  double extent;
  int outSize;
};

Axis axisOf(int size, int denominator, int outSize) {
  const int samples = (size + denominator - 1) / denominator;
  return {samples, static_cast<double>(size) / denominator, outSize};
}

// Where the kernel of an output sample lies: source samples [begin, begin + length).
class Placement {
 public:
  Placement(const Axis& axis, Filter filter)
      : samples_(axis.samples),
        scale_(axis.extent / axis.outSize),
        stretch_(std::max(scale_, 1.0)),  // antialiasing: shrinking widens the kernel
        support_((filter == Filter::kBilinear ? 1.0 : 2.0) * stretch_) {}

  double centre(int i) const { return (i + 0.5) * scale_; }
  double inverse() const { return 1.0 / stretch_; }
  size_t taps() const { return static_cast<size_t>(std::ceil(support_)) * 2 + 1; }
  Weights::Span span(int i) const {
    const int begin = std::max(static_cast<int>(centre(i) - support_ + 0.5), 0);
    const int end = std::min(static_cast<int>(centre(i) + support_ + 0.5), samples_);
    return {begin, end - begin};
  }
  // The samples that outputs [first, first + count) read.
  Weights::Span reach(int first, int count) const {
    const Weights::Span last = span(first + count - 1);
    const int begin = span(first).begin;
    return {begin, last.begin + last.length - begin};
  }

 private:
  int samples_;
  double scale_;
  double stretch_;
  double support_;
};

int32_t toFixedPoint(double weight) {
  return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kPrecisionBits));
}

// The weights of outputs [first, first + count); spans count from sample `origin`.
Weights computeWeights(const Axis& axis, int first, int count, Filter filter, int origin) {
  const auto kernel = filter == Filter::kBilinear ? bilinear : bicubic;
  const Placement placement(axis, filter);
  Weights weights;
  weights.taps = placement.taps();
  weights.spans.resize(static_cast<size_t>(count));
  weights.values.assign(weights.taps * static_cast<size_t>(count), 0);
  std::vector<double> exact(weights.taps);
  for (int i = 0; i < count; i++) {
    const double centre = placement.centre(first + i);
    const auto [begin, length] = placement.span(first + i);
    double sum = 0;
    for (int x = 0; x < length; x++) {
      exact[static_cast<size_t>(x)] = kernel((x + begin - centre + 0.5) * placement.inverse());
      sum += exact[static_cast<size_t>(x)];
    }
    int32_t* values = weights.values.data() + weights.taps * static_cast<size_t>(i);
    for (int x = 0; x < length; x++) {
      const double weight = exact[static_cast<size_t>(x)];
      values[x] = toFixedPoint(sum != 0 ? weight / sum : weight);
    }
    weights.spans[static_cast<size_t>(i)] = {begin - origin, length};
  }
  return weights;
}

}  // namespace

Window sourceOf(const Resizing& resizing, int width, int height) {
  const Window& window = resizing.window;
  const auto across = Placement(axisOf(width, 1, resizing.width), resizing.filter)
                          .reach(window.x, window.width);
  const auto down = Placement(axisOf(height, 1, resizing.height), resizing.filter)
                        .reach(window.y, window.height);
  return {across.begin, down.begin, across.length, down.length};
}

Resizer::Resizer(const Image& source, const Resizing& resizing, Buffer& rows, TakeRow take)
    : stride_(static_cast<size_t>(resizing.window.width) * kBytesPerPixel),
      rows_(rows),
      take_(std::move(take)) {
  const Window& window = resizing.window;
  const Filter filter = resizing.filter;
  const Axis across = axisOf(source.width, source.denominator, resizing.width);
  const Axis down = axisOf(source.height, source.denominator, resizing.height);
  across_ = computeWeights(across, window.x, window.width, filter, source.held.x);
  down_ = computeWeights(down, window.y, window.height, filter, 0);
  resizeRows_ = kernels().rowResizer(across_, static_cast<size_t>(source.held.width));
  const auto [begin, length] = Placement(down, filter).reach(window.y, window.height);
  top_ = done_ = begin;
  end_ = begin + length;
  rows_.reserve(stride_ * (down_.taps + kTogether));
  mixed_.reserve(stride_);
}

void Resizer::add(const Image& band) {
  const int end = std::min(band.held.y + band.held.height, end_);
  while (done_ < end) {
    const int count = std::min(end - done_, kTogether);
    dropRows();
    resizeRows_(band.row(done_), band.stride(), static_cast<size_t>(count), row(done_), stride_);
    done_ += count;
    mixRows();
  }
}

// Moves the rows that are still needed to the front.
void Resizer::dropRows() {
  const int first = std::min(down_.spans[next_].begin, done_);
  std::memmove(rows_.data(), row(first), stride_ * static_cast<size_t>(done_ - first));
  top_ = first;
}

void Resizer::mixRows() {
  for (; next_ < down_.spans.size(); next_++) {
    const auto [begin, length] = down_.spans[next_];
    if (begin + length > done_) return;
    kernels().mixRows(row(begin), stride_, down_.of(next_), length, stride_, mixed_.data());
    take_(static_cast<int>(next_), mixed_.data());
  }
}

}  // namespace deepfool
