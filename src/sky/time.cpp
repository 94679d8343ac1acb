#include "sky/time.h"

#include <erfa.h>
#include <erfam.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace polis {
namespace {

constexpr double kMjdZero = 2400000.5;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLightSecondsPerAu = 499.004783836;  // IAU 2012 au / c
constexpr double kSecondsPerDay = 86400.0;

bool is_usable(double mjd) { return mjd > -313700.0 && mjd < 416800.0; }  // NaN: false

/// Takes exactly `digits` decimal digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  const char* end = text.data() + digits;
  for (const char* c = text.data(); c != end; ++c) {
    if (*c < '0' || *c > '9') return false;
  }
  std::from_chars(text.data(), end, value);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes ss[.fff...] off the front.
bool take_seconds(std::string_view& text, double& seconds) {
  int whole = 0;
  if (!take_number(text, 2, whole)) return false;
  seconds = whole;
  if (!take(text, '.')) return true;
  double weight = 0.1;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    seconds += weight * (text.front() - '0');
    weight /= 10.0;
    text.remove_prefix(1);
  }
  return true;
}

struct Clock {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  double second = 0.0;
};

bool parse(std::string_view text, Clock& clock) {
  if (!take_number(text, 4, clock.year) || !take(text, '-') || !take_number(text, 2, clock.month) ||
      !take(text, '-') || !take_number(text, 2, clock.day)) {
    return false;
  }
  if (!text.empty() && text != "Z") {
    if (!take(text, 'T') && !take(text, ' ')) return false;
    if (!take_number(text, 2, clock.hour) || !take(text, ':') ||
        !take_number(text, 2, clock.minute)) {
      return false;
    }
    if (take(text, ':') && !take_seconds(text, clock.second)) return false;
  }
  take(text, 'Z');
  return text.empty();
}

}  // namespace

std::string iso_from_mjd(double mjd_utc) {
  if (!is_usable(mjd_utc)) return {};
  int year = 0;
  int month = 0;
  int day = 0;
  std::array<int, 4> t{};
  if (eraD2dtf("UTC", 3, kMjdZero, mjd_utc, &year, &month, &day, t.data()) < 0) return {};
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03d", year, month, day,
                t[0], t[1], t[2], t[3]);
  return text.data();
}

std::optional<double> mjd_from_iso(std::string_view text) {
  Clock clock;
  if (!parse(text, clock)) return std::nullopt;
  double zero = 0.0;
  double day = 0.0;
  const int status = eraDtf2d("UTC", clock.year, clock.month, clock.day, clock.hour, clock.minute,
                              clock.second, &zero, &day);
  // 1 only says that leap seconds of that year are not known; 2 and 3 that the second does not
  // exist.
  if (status != 0 && status != 1) return std::nullopt;
  const double mjd = (zero - kMjdZero) + day;
  if (!is_usable(mjd)) return std::nullopt;
  return mjd;
}

double tt_from_utc(double mjd_utc) {
  if (!is_usable(mjd_utc)) return kNan;
  double zero = 0.0;
  double day = 0.0;
  if (eraUtctai(kMjdZero, mjd_utc, &zero, &day) < 0) return kNan;
  if (eraTaitt(zero, day, &zero, &day) != 0) return kNan;
  return (zero - kMjdZero) + day;
}

double tdb_from_utc(double mjd_utc) {
  const double tt = tt_from_utc(mjd_utc);
  if (!std::isfinite(tt)) return kNan;
  const double ut = mjd_utc - std::floor(mjd_utc);
  return tt + eraDtdb(kMjdZero, tt, ut, 0.0, 0.0, 0.0) / kSecondsPerDay;
}

double julian_year(double mjd) { return 2000.0 + (mjd - 51544.5) / 365.25; }

double barycentric_correction_s(double mjd_utc, SkyPosition target) {
  const double tdb = tdb_from_utc(mjd_utc);
  if (!std::isfinite(tdb)) return kNan;
  double heliocentric[2][3];
  double barycentric[2][3];
  eraEpv00(kMjdZero, tdb, heliocentric, barycentric);
  double direction[3];
  eraS2c(target.ra_deg * ERFA_DD2R, target.dec_deg * ERFA_DD2R, direction);
  return kLightSecondsPerAu * eraPdp(barycentric[0], direction);
}

double bjd_tdb(double mjd_utc, SkyPosition target) {
  return kMjdZero + tdb_from_utc(mjd_utc) +
         barycentric_correction_s(mjd_utc, target) / kSecondsPerDay;
}

}  // namespace polis
