#include "sky/night_quality.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/number_text.h"
#include "kernels/linear_fit.h"
#include "sky/catalog_stars.h"

namespace polis {
namespace {

struct FrameFacts {
  std::string exposure_id, site, instrument, filter;
  double mjd, airmass, zero_point, zero_point_error, colour_term, seeing, sky, limit;
  double extinction = kUnknown;  // [mag] beyond that of clear air
};

std::string text_of(const Facts& facts, const char* key) {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string() : found->second;
}

FrameFacts read(const Facts& facts) {
  const auto number = [&](const char* key) { return number_of(facts, key); };
  return {text_of(facts, "exposure_id"),
          text_of(facts, "site"),
          text_of(facts, "instrument"),
          text_of(facts, "filter"),
          number("mjd_mid"),
          number("airmass"),
          number("zero_point_mag"),
          number("zero_point_err_mag"),
          number("colour_term"),
          number("seeing_arcsec"),
          number("sky_mag_arcsec2"),
          number("limiting_mag")};
}

double median_of(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return kUnknown;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// One site, instrument and filter over the night.
struct Group {
  std::string site, instrument, filter, verdict;
  std::int32_t frames = 0, calibrated = 0, clear = 0;
  double zero_point = kUnknown, zero_point_error = kUnknown;  // outside the atmosphere: airmass 0
  double extinction = kUnknown, extinction_error = kUnknown;  // [mag / airmass]
  double colour_term = kUnknown, scatter = kUnknown, seeing = kUnknown, sky = kUnknown,
         limit = kUnknown;
  bool photometric = false;
};

/// The line of the clear frames. Clouds only dim, so only frames that lie too low are rejected;
/// with too narrow a range of airmass the slope is taken as known.
bool fit_line(std::span<FrameFacts> frames, const NightQualityOptions& options, Group& group) {
  std::vector<double> rows;
  std::vector<double> target;
  std::vector<double> error;
  double low = std::numeric_limits<double>::infinity();
  double high = 0.0;
  for (const FrameFacts& f : frames) {
    if (!std::isfinite(f.zero_point + f.airmass)) continue;
    low = std::min(low, f.airmass);
    high = std::max(high, f.airmass);
  }
  const bool free_slope = high - low >= options.least_airmass_range;
  for (const FrameFacts& f : frames) {
    rows.push_back(1.0);
    if (free_slope) rows.push_back(-f.airmass);
    target.push_back(free_slope ? f.zero_point
                                : f.zero_point + options.default_extinction * f.airmass);
    error.push_back(std::isfinite(f.zero_point_error) ? std::max(f.zero_point_error, 1e-3)
                                                      : kUnknown);
  }
  LinearFitSettings settings;
  settings.clip_sigma = 3.0;
  settings.only_below = true;
  settings.least_extra_sigma = 0.003;
  LinearFit fit;
  if (!fit_linear(rows, free_slope ? 2 : 1, target, error, settings, fit)) return false;
  group.zero_point = fit.coefficients[0];
  group.zero_point_error = fit.error(0);
  group.extinction = free_slope ? fit.coefficients[1] : options.default_extinction;
  group.extinction_error = free_slope ? fit.error(1) : kUnknown;
  return true;
}

void judge(std::span<FrameFacts> frames, const NightQualityOptions& options, Group& group) {
  std::vector<double> seeing, sky, colour, limit;
  for (const FrameFacts& f : frames) {
    seeing.push_back(f.seeing);
    sky.push_back(f.sky);
    colour.push_back(f.colour_term);
    limit.push_back(f.limit);
    group.calibrated += std::isfinite(f.zero_point) ? 1 : 0;
  }
  group.frames = static_cast<std::int32_t>(frames.size());
  group.seeing = median_of(seeing);
  group.sky = median_of(sky);
  group.colour_term = median_of(colour);
  group.limit = median_of(limit);
  if (!fit_line(frames, options, group)) {
    group.verdict = "unknown: " + std::to_string(group.calibrated) + " frames with a zero point";
    return;
  }
  double square = 0.0;
  for (FrameFacts& f : frames) {
    f.extinction = group.zero_point - group.extinction * f.airmass - f.zero_point;
    if (!(f.extinction < options.clear_mag)) continue;
    ++group.clear;
    square += f.extinction * f.extinction;
  }
  if (group.clear > 0) group.scatter = std::sqrt(square / group.clear);
  const bool mostly_clear = group.clear >= options.photometric_share * group.frames;
  group.photometric = mostly_clear && group.scatter <= options.photometric_scatter_mag;
  if (group.photometric)
    group.verdict = "photometric";
  else if (!mostly_clear)
    group.verdict = std::to_string(group.frames - group.clear) + " of " +
                    std::to_string(group.frames) + " frames dimmed or not calibrated";
  else
    group.verdict =
        "zero points scatter by " + number_text(std::round(1e3 * group.scatter)) + " mmag";
}

template <class T, class Row, class Get>
std::vector<T> column_of(const std::vector<Row>& rows, Get&& get) {
  std::vector<T> values;
  values.reserve(rows.size());
  for (const Row& row : rows) values.push_back(static_cast<T>(get(row)));
  return values;
}

Table table_of(const std::vector<FrameFacts>& frames) {
  using F = FrameFacts;
  Table table("frames");
  table
      .add({"exposure_id", "", "meta.id", "",
            column_of<std::string>(frames, [](const F& f) { return f.exposure_id; })})
      .add({"site", "", "meta.id", "",
            column_of<std::string>(frames, [](const F& f) { return f.site; })})
      .add({"instrument", "", "meta.id;instr", "",
            column_of<std::string>(frames, [](const F& f) { return f.instrument; })})
      .add({"filter", "", "meta.id;instr.filter", "",
            column_of<std::string>(frames, [](const F& f) { return f.filter; })})
      .add({"mjd_mid", "d", "time.epoch", "UTC",
            column_of<double>(frames, [](const F& f) { return f.mjd; })})
      .add({"airmass", "", "obs.airMass", "",
            column_of<float>(frames, [](const F& f) { return f.airmass; })})
      .add({"zero_point", "mag", "phot.mag;arith.zp", "1 electron/s",
            column_of<double>(frames, [](const F& f) { return f.zero_point; })})
      .add({"zero_point_err", "mag", "stat.error", "",
            column_of<double>(frames, [](const F& f) { return f.zero_point_error; })})
      .add({"cloud", "mag", "phot.mag", "dimming beyond that of clear air",
            column_of<float>(frames, [](const F& f) { return f.extinction; })})
      .add({"transparency", "", "phys.transmission", "of the sky, 1: clear",
            column_of<float>(frames,
                             [](const F& f) { return std::pow(10.0, -0.4 * f.extinction); })})
      .add({"seeing", "arcsec", "instr.obsty.seeing", "FWHM",
            column_of<float>(frames, [](const F& f) { return f.seeing; })})
      .add({"sky", "mag/arcsec2", "phot.mag.sb", "brightness of the sky",
            column_of<float>(frames, [](const F& f) { return f.sky; })})
      .add({"limiting_mag", "mag", "phot.mag", "S/N 5, point source",
            column_of<float>(frames, [](const F& f) { return f.limit; })});
  return table;
}

Table table_of(const std::vector<Group>& groups) {
  using G = Group;
  Table table("sites");
  table
      .add({"site", "", "meta.id", "",
            column_of<std::string>(groups, [](const G& g) { return g.site; })})
      .add({"instrument", "", "meta.id;instr", "",
            column_of<std::string>(groups, [](const G& g) { return g.instrument; })})
      .add({"filter", "", "meta.id;instr.filter", "",
            column_of<std::string>(groups, [](const G& g) { return g.filter; })})
      .add({"frames", "", "meta.number", "",
            column_of<std::int32_t>(groups, [](const G& g) { return g.frames; })})
      .add({"calibrated", "", "meta.number", "frames with a zero point",
            column_of<std::int32_t>(groups, [](const G& g) { return g.calibrated; })})
      .add({"clear", "", "meta.number", "frames not dimmed",
            column_of<std::int32_t>(groups, [](const G& g) { return g.clear; })})
      .add({"photometric", "", "meta.code", "1: yes",
            column_of<std::int32_t>(groups, [](const G& g) { return g.photometric ? 1 : 0; })})
      .add({"verdict", "", "meta.note", "",
            column_of<std::string>(groups, [](const G& g) { return g.verdict; })})
      .add({"zero_point", "mag", "phot.mag;arith.zp", "at airmass 0",
            column_of<double>(groups, [](const G& g) { return g.zero_point; })})
      .add({"zero_point_err", "mag", "stat.error", "",
            column_of<double>(groups, [](const G& g) { return g.zero_point_error; })})
      .add({"extinction", "mag", "phot.mag", "per airmass",
            column_of<double>(groups, [](const G& g) { return g.extinction; })})
      .add({"extinction_err", "mag", "stat.error", "NaN: taken as known",
            column_of<double>(groups, [](const G& g) { return g.extinction_error; })})
      .add({"colour_term", "", "phot.color", "median of the frames",
            column_of<double>(groups, [](const G& g) { return g.colour_term; })})
      .add({"scatter", "mag", "stat.stdev", "of clear zero points",
            column_of<double>(groups, [](const G& g) { return g.scatter; })})
      .add({"seeing", "arcsec", "instr.obsty.seeing", "median",
            column_of<double>(groups, [](const G& g) { return g.seeing; })})
      .add({"sky", "mag/arcsec2", "phot.mag.sb", "median",
            column_of<double>(groups, [](const G& g) { return g.sky; })})
      .add({"limiting_mag", "mag", "phot.mag", "median",
            column_of<double>(groups, [](const G& g) { return g.limit; })});
  return table;
}

}  // namespace

TableSet judge_night(const std::vector<Facts>& catalogs, const NightQualityOptions& options) {
  std::vector<FrameFacts> frames;
  for (const Facts& facts : catalogs) frames.push_back(read(facts));
  const auto key = [](const FrameFacts& f) { return std::tie(f.site, f.instrument, f.filter); };
  std::stable_sort(frames.begin(), frames.end(), [&](const FrameFacts& a, const FrameFacts& b) {
    if (key(a) != key(b)) return key(a) < key(b);
    if (std::isfinite(a.mjd) && std::isfinite(b.mjd) && a.mjd != b.mjd) return a.mjd < b.mjd;
    return std::isfinite(a.mjd) != std::isfinite(b.mjd) ? std::isfinite(a.mjd)
                                                        : a.exposure_id < b.exposure_id;
  });
  std::vector<Group> groups;
  for (std::size_t first = 0; first < frames.size();) {
    std::size_t last = first;
    while (last < frames.size() && key(frames[last]) == key(frames[first])) ++last;
    Group& group = groups.emplace_back();
    group.site = frames[first].site;
    group.instrument = frames[first].instrument;
    group.filter = frames[first].filter;
    judge(std::span(frames).subspan(first, last - first), options, group);
    first = last;
  }
  TableSet set;
  set.tables.push_back(table_of(frames));
  set.tables.push_back(table_of(groups));
  set.facts["frames"] = std::to_string(frames.size());
  return set;
}

}  // namespace polis
