#include "kernels/median_filter.h"

#include <array>
#include <cassert>

namespace polis {
namespace {

inline void order(float& low, float& high) {
  const float a = low;
  const float b = high;
  low = a < b ? a : b;
  high = a < b ? b : a;
}

inline float middle(std::array<float, 5> p) {
  order(p[0], p[1]);
  order(p[3], p[4]);
  order(p[0], p[3]);
  order(p[1], p[4]);
  order(p[1], p[2]);
  order(p[2], p[3]);
  order(p[1], p[2]);
  return p[2];
}

inline float middle(std::array<float, 7> p) {
  order(p[0], p[5]);
  order(p[0], p[3]);
  order(p[1], p[6]);
  order(p[2], p[4]);
  order(p[0], p[1]);
  order(p[3], p[5]);
  order(p[2], p[6]);
  order(p[2], p[3]);
  order(p[3], p[6]);
  order(p[4], p[5]);
  order(p[1], p[4]);
  order(p[1], p[3]);
  order(p[3], p[4]);
  return p[3];
}

inline float middle(std::array<float, 9> p) {
  order(p[1], p[2]);
  order(p[4], p[5]);
  order(p[7], p[8]);
  order(p[0], p[1]);
  order(p[3], p[4]);
  order(p[6], p[7]);
  order(p[1], p[2]);
  order(p[4], p[5]);
  order(p[7], p[8]);
  order(p[0], p[3]);
  order(p[5], p[8]);
  order(p[4], p[7]);
  order(p[3], p[6]);
  order(p[1], p[4]);
  order(p[2], p[5]);
  order(p[4], p[7]);
  order(p[4], p[2]);
  order(p[6], p[4]);
  order(p[4], p[2]);
  return p[4];
}

/// out[x] = median of in[x + k * step], k = 0..N-1.
template <std::size_t N>
void median_line(const float* in, std::ptrdiff_t step, std::ptrdiff_t count, float* out) {
#pragma GCC ivdep
  for (std::ptrdiff_t x = 0; x < count; ++x) {
    std::array<float, N> p;
    for (std::size_t k = 0; k < N; ++k) p[k] = in[x + static_cast<std::ptrdiff_t>(k) * step];
    out[x] = middle(p);
  }
}

template <std::size_t N>
void median_separable(View<const float> in, View<float> scratch, View<float> out) {
  assert(out.width == in.width - static_cast<std::ptrdiff_t>(N) + 1);
  assert(out.height == in.height - static_cast<std::ptrdiff_t>(N) + 1);
  for (std::ptrdiff_t y = 0; y < in.height; ++y) {
    median_line<N>(in.row(y), 1, out.width, scratch.row(y));
  }
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    median_line<N>(scratch.row(y), scratch.stride, out.width, out.row(y));
  }
}

}  // namespace

void median_3x3(View<const float> in, View<float> out) {
  assert(out.width == in.width - 2 && out.height == in.height - 2);
  for (std::ptrdiff_t y = 0; y < out.height; ++y) {
    const float* a = in.row(y);
    const float* b = in.row(y + 1);
    const float* c = in.row(y + 2);
    float* result = out.row(y);
#pragma GCC ivdep
    for (std::ptrdiff_t x = 0; x < out.width; ++x) {
      result[x] = middle(std::array<float, 9>{a[x], a[x + 1], a[x + 2], b[x], b[x + 1], b[x + 2],
                                              c[x], c[x + 1], c[x + 2]});
    }
  }
}

void median_separable_5(View<const float> in, View<float> scratch, View<float> out) {
  median_separable<5>(in, scratch, out);
}

void median_separable_7(View<const float> in, View<float> scratch, View<float> out) {
  median_separable<7>(in, scratch, out);
}

}  // namespace polis
