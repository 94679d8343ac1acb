#include "kernels/psf_taps.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/cubic_spline.h"

namespace polis {
namespace {

constexpr std::ptrdiff_t lane = 8;  // floats per vector register

void add_scaled(const float* in, float factor, std::ptrdiff_t count, float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < count; ++i) out[i] += factor * in[i];
}

void sum_of_four(const std::array<const float*, 4>& in, const std::array<float, 4>& factor,
                 std::ptrdiff_t count, float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < count; ++i)
    out[i] =
        factor[0] * in[0][i] + factor[1] * in[1][i] + factor[2] * in[2][i] + factor[3] * in[3][i];
}

}  // namespace

/// Where a star's taps begin in the box, and how many pixels there are.
struct PsfTaps::Place {
  std::ptrdiff_t row, column;     // first tap of the first pixel
  std::ptrdiff_t reach;           // pixels on each side of the middle one
  std::ptrdiff_t pixels, padded;  // of a row: used, and rounded up to whole registers
  std::ptrdiff_t lines;           // rows of samples that are taken
  std::array<float, 4> x_weight, y_weight;

  Place(const PsfTaps& taps, const PsfStarStamp& star)
      : reach(std::min<std::ptrdiff_t>(taps.reach_, star.radius - 1)),
        pixels(2 * reach + 1),
        padded((pixels + lane - 1) / lane * lane),
        lines(taps.os_ * (pixels - 1) + 4) {
    const double sx = -static_cast<double>(taps.os_) * star.dx;
    const double sy = -static_cast<double>(taps.os_) * star.dy;
    const std::ptrdiff_t first = taps.side_ / 2 - 1 - taps.os_ * reach - taps.origin_;
    column = first + static_cast<std::ptrdiff_t>(std::floor(sx));
    row = first + static_cast<std::ptrdiff_t>(std::floor(sy));
    x_weight = spline_weights(static_cast<float>(sx - std::floor(sx)));
    y_weight = spline_weights(static_cast<float>(sy - std::floor(sy)));
  }
};

PsfTaps::PsfTaps(std::ptrdiff_t side, int oversampling, int reach_px)
    : side_(side), os_(oversampling), reach_(reach_px) {
  // A shift of one pixel at most, and a tap more on one side and two on the other.
  const std::ptrdiff_t half = os_ * (reach_ + 1);
  origin_ = side_ / 2 - half - 1;
  rows_ = 2 * half + 4;
  places_ = rows_ / os_ + 1 + lane;
  row_size_ = os_ * places_;
}

void PsfTaps::lay(const float* plane, float* laid) const {
  std::fill_n(laid, size(), 0.0F);
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -origin_);
  const std::ptrdiff_t last = std::min(rows_, side_ - origin_);
  for (std::ptrdiff_t row = first; row < last; ++row)
    for (std::ptrdiff_t column = first; column < last; ++column)
      laid[index(row, column)] = plane[(row + origin_) * side_ + column + origin_];
}

void PsfTaps::add_back(const float* laid, float* plane) const {
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -origin_);
  const std::ptrdiff_t last = std::min(rows_, side_ - origin_);
  for (std::ptrdiff_t row = first; row < last; ++row)
    for (std::ptrdiff_t column = first; column < last; ++column)
      plane[(row + origin_) * side_ + column + origin_] += laid[index(row, column)];
}

void PsfTaps::spread(const PsfStarStamp& star, const float* samples, const float* target,
                     float* sums, Scratch& scratch) const {
  const Place place(*this, star);
  scratch.across.resize(static_cast<std::size_t>(place.lines * place.padded));
  scratch.light.resize(static_cast<std::size_t>(place.pixels * place.padded));
  if (samples != nullptr) predict(place, samples, scratch);
  weigh(place, star, samples == nullptr ? target : nullptr, scratch);
  scatter(place, sums, scratch);
}

/// Light of the pixels, first along the rows of samples, then across them.
void PsfTaps::predict(const Place& place, const float* samples, Scratch& scratch) const {
  std::array<std::ptrdiff_t, 4> tap{};
  for (std::ptrdiff_t a = 0; a < 4; ++a)
    tap[static_cast<std::size_t>(a)] = index(place.row, place.column + a);
  for (std::ptrdiff_t line = 0; line < place.lines; ++line) {
    const float* row = samples + line * row_size_;
    sum_of_four({row + tap[0], row + tap[1], row + tap[2], row + tap[3]}, place.x_weight,
                place.padded, scratch.across.data() + line * place.padded);
  }
  for (std::ptrdiff_t j = 0; j < place.pixels; ++j) {
    const float* a = scratch.across.data() + os_ * j * place.padded;
    sum_of_four({a, a + place.padded, a + 2 * place.padded, a + 3 * place.padded}, place.y_weight,
                place.padded, scratch.light.data() + j * place.padded);
  }
}

/// Turns the light into weight * flux * light; `target` null: what was predicted, times flux.
void PsfTaps::weigh(const Place& place, const PsfStarStamp& star, const float* target,
                    Scratch& scratch) const {
  const auto flux = static_cast<float>(star.flux);
  for (std::ptrdiff_t j = 0; j < place.pixels; ++j) {
    const std::ptrdiff_t at =
        (j - place.reach + star.radius) * star.stride() + star.radius - place.reach;
    const float* weight = star.weight.data() + at;
    float* light = scratch.light.data() + j * place.padded;
    for (std::ptrdiff_t i = 0; i < place.pixels; ++i) {
      const float value = target != nullptr ? target[at + i] : flux * light[i];
      light[i] = weight[i] > 0.0F ? weight[i] * flux * value : 0.0F;
    }
    std::fill(light + place.pixels, light + place.padded, 0.0F);
  }
}

/// The transpose of `predict`.
void PsfTaps::scatter(const Place& place, float* sums, Scratch& scratch) const {
  std::fill(scratch.across.begin(), scratch.across.end(), 0.0F);
  for (std::ptrdiff_t j = 0; j < place.pixels; ++j)
    for (std::ptrdiff_t b = 0; b < 4; ++b)
      add_scaled(scratch.light.data() + j * place.padded,
                 place.y_weight[static_cast<std::size_t>(b)], place.padded,
                 scratch.across.data() + (os_ * j + b) * place.padded);
  for (std::ptrdiff_t a = 0; a < 4; ++a) {
    float* tap = sums + index(place.row, place.column + a);
    for (std::ptrdiff_t line = 0; line < place.lines; ++line)
      add_scaled(scratch.across.data() + line * place.padded,
                 place.x_weight[static_cast<std::size_t>(a)], place.padded, tap + line * row_size_);
  }
}

}  // namespace polis
