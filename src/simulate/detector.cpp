#include "simulate/detector.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/random.h"
#include "kernels/mask_bits.h"

namespace polis {
namespace {

std::string stream_name(const char* what, const SceneSite& site) {
  return std::string(what) + "/" + site.name;
}

/// Dark current doubles every 6.3 K, as in silicon near -20 C.
double warmth(const SceneSite& site, double temperature_c) {
  return std::exp2((temperature_c - site.temperature_c) / 6.3);
}

double half_diagonal(const SceneSite& site) { return 0.5 * std::hypot(site.width, site.height); }

}  // namespace

std::string_view name_of(PixelKind kind) {
  constexpr std::string_view kNames[] = {"hot",       "bad_column", "cosmic_ray", "satellite",
                                         "aeroplane", "saturated",  "bleed"};
  return kNames[static_cast<int>(kind)];
}

MaskPixel mask_of(PixelKind kind) {
  constexpr MaskPixel kBits[] = {mask_bits::hot,   mask_bits::bad,   mask_bits::cosmic_ray,
                                 mask_bits::trail, mask_bits::trail, mask_bits::saturated,
                                 mask_bits::bleed};
  return kBits[static_cast<int>(kind)];
}

Detector::Detector(const Scene& scene, const SceneSite& site)
    : site_(site),
      seed_(scene.seed),
      response_noise_(scene.seed, stream_name("response", site)),
      bias_noise_(scene.seed, stream_name("bias structure", site)),
      dark_noise_(scene.seed, stream_name("dark structure", site)),
      column_bias_(static_cast<std::size_t>(site.width)) {
  bias_noise_.normal(1U << 30U, column_bias_);
  RandomStream random(seed_, stream_name("defects", site));
  const std::uint64_t hot = random.poisson(site.hot_fraction * site.width * site.height);
  for (std::uint64_t i = 0; i < hot; ++i) {
    const auto x = static_cast<int>(random.below(static_cast<std::uint64_t>(site.width)));
    const auto y = static_cast<int>(random.below(static_cast<std::uint64_t>(site.height)));
    // A steep distribution: most are lukewarm, few fill their well.
    hot_.push_back({x, y, 20.0 * site.dark_e_per_s + 1.5 * std::pow(random.uniform(), -0.8)});
  }
  const auto place = [](const Pixel& p) { return std::pair(p.y, p.x); };
  std::sort(hot_.begin(), hot_.end(),
            [&](const Pixel& a, const Pixel& b) { return place(a) < place(b); });
  hot_.erase(std::unique(hot_.begin(), hot_.end(),
                         [&](const Pixel& a, const Pixel& b) { return place(a) == place(b); }),
             hot_.end());
  for (int i = 0; i < site.bad_columns; ++i) {
    const auto x = static_cast<int>(random.below(static_cast<std::uint64_t>(site.width)));
    const auto y = static_cast<int>(random.below(static_cast<std::uint64_t>(site.height)) / 2);
    const bool dead = i % 2 == 0;
    columns_.push_back(
        {x, y, dead ? 0.0 : random.uniform(2.0, 15.0), dead ? random.uniform(0.0, 0.4) : 1.0});
  }
}

std::vector<Detector::Grain> Detector::grains(int night) const {
  std::vector<Grain> grains;
  for (int i = 0; i < site_.dust_grains; ++i) {
    // Every second grain stays, the others are new each night.
    const auto index = static_cast<std::uint64_t>(i) +
                       (i % 2 == 0 ? 0U : 1000U * static_cast<std::uint64_t>(night + 1));
    RandomStream random(seed_, stream_name("dust", site_), index);
    const double radius = random.uniform(6.0, 22.0);
    grains.push_back({random.uniform() * site_.width, random.uniform() * site_.height, radius,
                      random.uniform(0.02, 0.12)});
  }
  return grains;
}

void Detector::response_row(Band band, int night, int y, std::span<float> out) const {
  response_noise_.normal(static_cast<std::uint64_t>(y), out);
  const double half = half_diagonal(site_);
  // The pixels' response differs a little less in the red.
  constexpr float kBand[] = {1.2F, 1.0F, 0.9F};
  const float rms = static_cast<float>(site_.pixel_response) * kBand[static_cast<int>(band)];
  // The median of r^2 over a square is 0.3183 of its half diagonal's square.
  const auto loss = static_cast<float>(site_.vignetting / (half * half));
  const auto scale = static_cast<float>(1.0 / (1.0 - 0.3183 * site_.vignetting));
  const float x_centre = 0.5F * static_cast<float>(site_.width - 1);
  const float dy = static_cast<float>(y) - 0.5F * static_cast<float>(site_.height - 1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float dx = static_cast<float>(i) - x_centre;
    out[i] = (1.0F + rms * out[i]) * (1.0F - loss * (dx * dx + dy * dy)) * scale;
  }
  for (const Grain& g : grains(night)) {
    if (std::abs(y - g.y) > g.radius + 2.0) continue;
    const int first = std::max(0, static_cast<int>(g.x - g.radius - 2.0));
    const int last = std::min(site_.width - 1, static_cast<int>(g.x + g.radius + 2.0));
    for (int x = first; x <= last; ++x) {
      // The shadow of an out-of-focus pupil: a ring.
      const double r = std::hypot(x - g.x, y - g.y) / g.radius;
      const double outer = 1.0 / (1.0 + std::exp((r - 1.0) * 1.5 * g.radius));
      const double inner = 1.0 / (1.0 + std::exp((r - 0.35) * 1.5 * g.radius));
      out[static_cast<std::size_t>(x)] *= static_cast<float>(1.0 - g.depth * (outer - inner));
    }
  }
  for (const Column& c : columns_) {
    if (y >= c.first_y) out[static_cast<std::size_t>(c.x)] *= static_cast<float>(c.response);
  }
}

void Detector::dark_row(int y, double temperature_c, std::span<float> out) const {
  dark_noise_.normal(static_cast<std::uint64_t>(y), out);
  const double scale = warmth(site_, temperature_c);
  const auto ordinary = static_cast<float>(scale * site_.dark_e_per_s);
  for (float& value : out) value = ordinary * std::max(0.0F, 1.0F + 0.1F * value);
  const auto at_row = std::lower_bound(hot_.begin(), hot_.end(), y,
                                       [](const Pixel& p, int row) { return p.y < row; });
  for (auto p = at_row; p != hot_.end() && p->y == y; ++p) {
    out[static_cast<std::size_t>(p->x)] += static_cast<float>(scale * p->dark_e_per_s);
  }
  for (const Column& c : columns_) {
    if (y >= c.first_y)
      out[static_cast<std::size_t>(c.x)] += static_cast<float>(scale * c.dark_e_per_s);
  }
}

void Detector::bias_row(int y, std::span<float> out) const {
  bias_noise_.normal(static_cast<std::uint64_t>(y), out);
  const double wave = 1.5 * std::sin(2.0 * std::numbers::pi * 1.7 * y / site_.height);
  const double start = 8.0 * std::exp(-y / 25.0);  // the first rows carry the clearing's after-glow
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = 0.4F * out[i] + 1.2F * column_bias_[i] + static_cast<float>(wave + start);
  }
}

std::vector<PixelEvent> Detector::defects(double exposure_s, double temperature_c) const {
  const double scale = exposure_s * warmth(site_, temperature_c);
  std::vector<PixelEvent> events;
  for (const Pixel& p : hot_) {
    events.push_back({p.x, p.y, PixelKind::hot, static_cast<float>(scale * p.dark_e_per_s)});
  }
  for (const Column& c : columns_) {
    for (int y = c.first_y; y < site_.height; ++y) {
      events.push_back({c.x, y, PixelKind::bad_column, static_cast<float>(scale * c.dark_e_per_s)});
    }
  }
  return events;
}

}  // namespace polis
