#include "report/stamp_picture.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "formats/png.h"
#include "report/html_text.h"

namespace polis {
namespace {

/// Half width of the part that sets the white end. [px]
constexpr std::ptrdiff_t kMiddle = 8;
/// White is at least so many sigma above the sky, so that noise stays grey.
constexpr double kLeastWhite = 12.0;

View<const float> stamp(const NumberArray& array, std::size_t row) {
  const std::ptrdiff_t height = array.shape.at(1), width = array.shape.at(2);
  return {array.values.data() + static_cast<std::ptrdiff_t>(row) * height * width, width, height};
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Median and robust sigma of the finite pixels, and the largest deviation in the middle.
struct Levels {
  double median = 0.0, sigma = 1.0, highest = 0.0, lowest = 0.0;
};

Levels levels_of(View<const float> image) {
  std::vector<double> values, middle;
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      const auto value = static_cast<double>(image(x, y));
      if (!std::isfinite(value)) continue;
      values.push_back(value);
      if (std::abs(x - image.width / 2) <= kMiddle && std::abs(y - image.height / 2) <= kMiddle)
        middle.push_back(value);
    }
  }
  Levels levels;
  levels.median = median_of(values);
  for (double& value : values) value = std::abs(value - levels.median);
  levels.sigma = std::max(1.4826 * median_of(values), 1e-6);
  if (middle.empty()) return levels;
  const auto [low, high] = std::minmax_element(middle.begin(), middle.end());
  levels.lowest = *low;
  levels.highest = *high;
  return levels;
}

}  // namespace

double Stretch::operator()(double value) const {
  const double scaled =
      std::asinh((value - zero) / (2.0 * noise)) / std::asinh(most / (2.0 * noise));
  return std::clamp(grey + (1.0 - grey) * scaled, 0.0, 1.0);
}

Stretch stretch_of_image(const NumberArray& array, std::size_t row) {
  const Levels levels = levels_of(stamp(array, row));
  return {levels.median, 0.15, levels.sigma,
          std::max(levels.highest - levels.median, kLeastWhite * levels.sigma)};
}

Stretch stretch_of_difference(const NumberArray& array, std::size_t row) {
  const Levels levels = levels_of(stamp(array, row));
  const double peak = std::max(std::abs(levels.highest), std::abs(levels.lowest));
  return {0.0, 0.5, levels.sigma, std::max(peak, kLeastWhite * levels.sigma)};
}

std::string stamp_uri(const NumberArray& array, std::size_t row, const Stretch& stretch) {
  const View<const float> image = stamp(array, row);
  Plane<std::uint8_t> grey(image.width, image.height), seen(image.width, image.height);
  for (std::ptrdiff_t y = 0; y < image.height; ++y) {
    for (std::ptrdiff_t x = 0; x < image.width; ++x) {
      const auto value = static_cast<double>(image(x, y));
      const std::ptrdiff_t line = image.height - 1 - y;
      const bool is_seen = std::isfinite(value);
      seen(x, line) = is_seen ? 1 : 0;
      grey(x, line) = is_seen ? static_cast<std::uint8_t>(std::lround(255.0 * stretch(value)))
                              : std::uint8_t{0};
    }
  }
  return "data:image/png;base64," + base64_of(write_png(grey.view(), seen.view()));
}

Compass compass_of(const SearchedFrame& frame) {
  const auto corners = frame.corners();
  const auto right = project_tan(corners[0], corners[1]), up = project_tan(corners[0], corners[3]);
  const double right_length = std::hypot(right[0], right[1]), up_length = std::hypot(up[0], up[1]);
  Compass compass;
  if (!(right_length > 0.0) || !(up_length > 0.0)) return compass;
  // Both are (east, north); a direction on the sky is a sum of the two.
  const double xe = right[0] / right_length, xn = right[1] / right_length;
  const double ye = up[0] / up_length, yn = up[1] / up_length;
  const double area = xe * yn - xn * ye;
  if (!(std::abs(area) > 0.1)) return compass;
  compass.known = true;
  compass.north_x = -ye / area;
  compass.north_y = xe / area;
  compass.east_x = yn / area;
  compass.east_y = -xn / area;
  return compass;
}

}  // namespace polis
