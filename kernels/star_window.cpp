#include "kernels/star_window.h"

#include <algorithm>
#include <cmath>

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
    count_ += line.x1 - line.x0 + 1;
  }
  if (weight.size() < count_) {
    weight.resize(count_);
    residual.resize(count_);
  }
  const float slope = planes.variance_per_signal;
  for (const Line& line : lines_) {
    const int n = line.x1 - line.x0 + 1;
    const std::ptrdiff_t at = cx + line.x0;
    const float* r = planes.residual.row(cy + line.y) + at;
    const float* v = planes.variance.row(cy + line.y) + at;
    const MaskPixel* m = planes.mask.empty() ? nullptr : planes.mask.row(cy + line.y) + at;
    float* w_out = weight.data() + line.start;
    float* r_out = residual.data() + line.start;
    for (int i = 0; i < n; ++i) {
      // The pixel's own noise is taken out of its variance: weights must not follow the noise.
      const float expected = std::max(v[i] - slope * r[i], 0.3F * v[i]);
      const bool good = v[i] > 0.0F && v[i] < 1e30F && std::abs(r[i]) < 1e30F;
      w_out[i] = good ? 1.0F / expected : 0.0F;
      r_out[i] = good ? r[i] : 0.0F;
    }
    if (m == nullptr) continue;
    for (int i = 0; i < n; ++i) w_out[i] = (m[i] & mask_bits::unusable) == 0 ? w_out[i] : 0.0F;
  }
  usable_ = static_cast<int>((weight.head(count_) > 0.0F).count());
}

void StarWindow::spread(const PsfStamp& stamp, int offset_x, int offset_y, float flux,
                        std::array<Eigen::ArrayXf, 3>& columns) const {
  for (Eigen::ArrayXf& column : columns)
    if (column.size() < count_) column.resize(count_);
  for (const Line& line : lines_) {
    const int n = line.x1 - line.x0 + 1;
    float* value = columns[0].data() + line.start;
    float* sx = columns[1].data() + line.start;
    float* sy = columns[2].data() + line.start;
    const int row = line.y - offset_y + stamp.radius;
    const int from = std::clamp(offset_x - stamp.radius - line.x0, 0, n);
    const int to = std::clamp(offset_x + stamp.radius - line.x0 + 1, from, n);
    const bool inside = row >= 0 && row <= 2 * stamp.radius;
    for (int i = 0; i < n; ++i) value[i] = sx[i] = sy[i] = 0.0F;
    if (!inside) continue;
    const std::ptrdiff_t base = row * stamp.stride + line.x0 - offset_x + stamp.radius;
    for (int i = from; i < to; ++i) value[i] = stamp.value.data()[base + i];
    for (int i = from; i < to; ++i) sx[i] = flux * stamp.slope_x.data()[base + i];
    for (int i = from; i < to; ++i) sy[i] = flux * stamp.slope_y.data()[base + i];
  }
}

void StarWindow::fill_widening(const PsfStamp& stamp) {
  if (widening.size() < count_) widening.resize(count_);
  const int last = 2 * stamp.radius;
  const auto value = [&](int x, int y) {
    return x < 0 || y < 0 || x > last || y > last
               ? 0.0F
               : stamp.value[static_cast<std::size_t>(y * stamp.stride + x)];
  };
  for (const Line& line : lines_)
    for (int i = line.x0; i <= line.x1; ++i) {
      const int x = i + stamp.radius;
      const int y = line.y + stamp.radius;
      widening[line.start + i - line.x0] =
          std::abs(i) >= stamp.radius || std::abs(line.y) >= stamp.radius
              ? 0.0F
              : value(x - 1, y) + value(x + 1, y) + value(x, y - 1) + value(x, y + 1) -
                    4.0F * value(x, y);
    }
}

}  // namespace polis
