#include "sky/exposure.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace polis {
namespace {

constexpr std::array<std::string_view, 5> kTypes{"science", "bias", "dark", "flat", "unknown"};

}  // namespace

std::string_view name_of(ImageType type) { return kTypes.at(static_cast<std::size_t>(type)); }

ImageType image_type_from(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes.at(i) == name) return static_cast<ImageType>(i);
  }
  return ImageType::unknown;
}

std::string Exposure::night() const {
  if (!std::isfinite(mjd_begin)) return "unknown";
  const double shift = std::isfinite(longitude_deg) ? longitude_deg / 360.0 : 0.0;
  // Civil date from the day number (Fliegel & Van Flandern 1968).
  const long jd = std::lround(std::floor(mjd_begin + shift - 0.5)) + 2400001L;
  long l = jd + 68569;
  const long n = 4 * l / 146097;
  l -= (146097 * n + 3) / 4;
  const long i = 4000 * (l + 1) / 1461001;
  l -= 1461 * i / 4 - 31;
  const long j = 80 * l / 2447;
  const long day = l - 2447 * j / 80;
  l = j / 11;
  const long month = j + 2 - 12 * l;
  const long year = 100 * (n - 49) + i + l;
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04ld-%02ld-%02ld", year, month, day);
  return text.data();
}

}  // namespace polis
