#include "report/html_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sky/time.h"

namespace polis {

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string base64_of(ByteView bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t triple = 0;
    for (std::size_t k = 0; k < 3; ++k)
      triple = triple << 8U | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= count ? kDigits[(triple >> (18U - 6U * k)) & 63U] : '=';
  }
  return out;
}

std::string shown(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : "–";
}

std::string sexagesimal(double ra_deg, double dec_deg) {
  if (!std::isfinite(ra_deg) || !std::isfinite(dec_deg)) return "–";
  // Rounded first, so that no field reads 60.
  const auto centiseconds = std::llround(ra_deg / 15.0 * 360000.0) % (24LL * 360000);
  const auto tenths = std::llround(std::abs(dec_deg) * 36000.0);
  return fmt::format("{:02}:{:02}:{:02}.{:02} {}{:02}:{:02}:{:02}.{}", centiseconds / 360000,
                     centiseconds / 6000 % 60, centiseconds / 100 % 60, centiseconds % 100,
                     dec_deg < 0.0 ? '-' : '+', tenths / 36000, tenths / 600 % 60, tenths / 10 % 60,
                     tenths % 10);
}

std::string utc(double mjd_utc, std::size_t length) {
  std::string text = iso_from_mjd(mjd_utc).substr(0, length);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text.empty() ? "–" : text;
}

}  // namespace polis
