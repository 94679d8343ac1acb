#include "kernels/star_window.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/simd.h"

namespace polis {

void StarWindow::gather(const FitPlanes& planes, int cx, int cy, double radius) {
  lines_.clear();
  count_ = 0;
  const int reach = static_cast<int>(radius);
  const auto width = static_cast<int>(planes.residual.width);
  const auto height = static_cast<int>(planes.residual.height);
  for (int y = -reach; y <= reach; ++y) {
    if (cy + y < 0 || cy + y >= height) continue;
    const int half = static_cast<int>(std::sqrt(radius * radius - y * y));
    const Line line{y, std::max(-half, -cx), std::min(half, width - 1 - cx), count_};
    if (line.x1 < line.x0) continue;
    lines_.push_back(line);
    count_ += line.padded();
  }
  if (weight.size() < count_) {
    weight.resize(count_);
    residual.resize(count_);
  }
  usable_ = 0;
  for (const Line& line : lines_) gather_row(planes, cy + line.y, cx + line.x0, line);
}

void StarWindow::gather_row(const FitPlanes& planes, int y, int x, const Line& line) {
  using namespace simd;
  const int n = line.x1 - line.x0 + 1;
  const float* r = planes.residual.row(y) + x;
  const float* v = planes.variance.row(y) + x;
  const MaskPixel* m = planes.mask.empty() ? nullptr : planes.mask.row(y) + x;
  const auto room = static_cast<int>(planes.residual.width) - x;
  for (int i = 0; i < line.padded(); i += 8) {
    std::array<float, lanes> r_end{}, v_end{};
    std::array<std::int32_t, lanes> m_end{};
    const bool whole = i + 8 <= room;
    if (!whole) {
      std::copy_n(r + i, room - i, r_end.begin());
      std::copy_n(v + i, room - i, v_end.begin());
      if (m != nullptr)
        std::memcpy(m_end.data(), m + i, sizeof(MaskPixel) * static_cast<std::size_t>(room - i));
    }
    const Float8 left = load(whole ? r + i : r_end.data());
    const Float8 noise = load(whole ? v + i : v_end.data());
    Int8 good = (ramp() + static_cast<float>(i) < static_cast<float>(n)) & (noise > 0.0F) &
                (noise < 1e30F) & (left > -1e30F) & (left < 1e30F);
    if (m != nullptr) {
      const Int8 bits = load(whole ? reinterpret_cast<const std::int32_t*>(m + i) : m_end.data());
      good &= (bits & static_cast<std::int32_t>(mask_bits::unusable)) == 0;
    }
    // The pixel's own noise is taken out of its variance: weights must not follow the noise.
    const Float8 expected = larger(noise - planes.variance_per_signal * left, 0.3F * noise);
    store(weight.data() + line.start + i, keep(good, 1.0F / expected));
    store(residual.data() + line.start + i, keep(good, left));
    usable_ += std::popcount(simd::bits(good));
  }
}

void StarWindow::spread(const PsfStamp& stamp, int offset_x, int offset_y, float flux, bool slopes,
                        std::array<Eigen::ArrayXf, 3>& columns) const {
  const std::size_t wanted = slopes ? 3 : 1;
  const std::array<const float*, 3> sources{stamp.value.data(), stamp.slope_x.data(),
                                            stamp.slope_y.data()};
  for (std::size_t c = 0; c < wanted; ++c) {
    if (columns[c].size() < count_) columns[c].resize(count_);
    const float scale = c == 0 ? 1.0F : flux;
    for (const Line& line : lines_) {
      const int n = line.x1 - line.x0 + 1;
      float* to = columns[c].data() + line.start;
      const int row = line.y - offset_y + stamp.radius;
      const bool inside = row >= 0 && row <= 2 * stamp.radius;
      const int from = inside ? std::clamp(offset_x - stamp.radius - line.x0, 0, n) : n;
      const int end = std::clamp(offset_x + stamp.radius - line.x0 + 1, from, n);
      const std::ptrdiff_t base = row * stamp.stride + line.x0 - offset_x + stamp.radius;
      if (from == 0 && end == n) {
        // What fills up the row has no weight: whatever follows in the stamp will do.
        for (int i = 0; i < line.padded(); i += 8)
          simd::store(to + i, scale * simd::load(sources[c] + base + i));
        continue;
      }
      std::fill_n(to, line.padded(), 0.0F);
      for (int i = from; i < end; ++i) to[i] = scale * sources[c][base + i];
    }
  }
}

void StarWindow::fill_widening(const PsfStamp& stamp) {
  if (widening.size() < count_) widening.resize(count_);
  const std::ptrdiff_t stride = stamp.stride;
  for (const Line& line : lines_) {
    float* to = widening.data() + line.start;
    std::fill_n(to, line.padded(), 0.0F);
    if (std::abs(line.y) >= stamp.radius) continue;
    const int first = std::max(line.x0, 1 - stamp.radius);
    const int last = std::min(line.x1, stamp.radius - 1);
    const float* at = stamp.value.data() + (line.y + stamp.radius) * stride + stamp.radius;
    for (int i = first; i <= last; ++i)
      to[i - line.x0] = at[i - 1] + at[i + 1] + at[i - stride] + at[i + stride] - 4.0F * at[i];
  }
}

}  // namespace polis
