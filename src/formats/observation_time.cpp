#include "formats/observation_time.h"

#include <array>
#include <cstdio>
#include <string>

#include "sky/time.h"

namespace polis {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

int to_int(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

std::string iso_date(int year, int month, int day) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d", year, month, day);
  return text.data();
}

/// DD/MM/YY, YYYY/MM/DD, YYMMDD and YYYYMMDD as YYYY-MM-DD; anything else as it is.
std::string normal_date(std::string_view date) {
  if (all_digits(date) && date.size() == 6)
    return iso_date(1900 + to_int(date.substr(0, 2)), to_int(date.substr(2, 2)),
                    to_int(date.substr(4, 2)));
  if (all_digits(date) && date.size() == 8)
    return iso_date(to_int(date.substr(0, 4)), to_int(date.substr(4, 2)),
                    to_int(date.substr(6, 2)));
  const std::size_t first = date.find('/');
  const std::size_t second = first == std::string_view::npos ? first : date.find('/', first + 1);
  if (second == std::string_view::npos) return std::string(date);
  const std::string_view a = date.substr(0, first);
  const std::string_view b = date.substr(first + 1, second - first - 1);
  const std::string_view c = date.substr(second + 1);
  if (!all_digits(a) || !all_digits(b) || !all_digits(c) || a.size() > 4 || b.size() > 2 ||
      c.size() > 4)
    return std::string(date);
  if (a.size() == 4) return iso_date(to_int(a), to_int(b), to_int(c));
  return iso_date(c.size() == 4 ? to_int(c) : 1900 + to_int(c), to_int(b), to_int(a));
}

/// Cuts "+02:00", "-0700" or "Z" off a time; gives what to subtract. [day]
double take_zone(std::string_view& time) {
  if (time.ends_with('Z')) {
    time.remove_suffix(1);
    return 0.0;
  }
  const std::size_t sign = time.find_last_of("+-");
  if (sign == std::string_view::npos) return 0.0;
  std::string digits;
  for (const char c : time.substr(sign + 1)) {
    if (c != ':') digits += c;
  }
  if (!all_digits(digits) || (digits.size() != 4 && digits.size() != 2)) return 0.0;
  const double minutes =
      to_int(digits.substr(0, 2)) * 60.0 + (digits.size() == 4 ? to_int(digits.substr(2, 2)) : 0);
  const double zone = (time[sign] == '-' ? -minutes : minutes) / 1440.0;
  time = time.substr(0, sign);
  return zone;
}

}  // namespace

std::optional<double> mjd_from_header_date(std::string_view text) {
  const std::size_t cut = text.find_first_of("T ");
  const std::string date = normal_date(text.substr(0, cut));
  if (cut == std::string_view::npos) return mjd_from_iso(date);
  std::string_view rest = text.substr(cut + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const double zone = take_zone(rest);
  std::string time(rest);
  double carry = 0.0;
  // Clocks that round write 59.9996 s as 60; as a leap second it would be no time at all on most
  // days.
  if (time.size() >= 8 && time.substr(6, 2) == "60" && !mjd_from_iso(date + "T" + time)) {
    time.replace(6, 2, "59");
    carry = 1.0 / 86400.0;
  }
  const std::optional<double> mjd = mjd_from_iso(date + "T" + time);
  if (!mjd) return std::nullopt;
  return *mjd - zone + carry;
}

}  // namespace polis
