#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/random.h"
#include "kernels/parallel.h"
#include "simulate/detector.h"

namespace polis {
namespace {

constexpr double kSecondGain = 1.04;  ///< of a second amplifier, relative to the first
constexpr double kSecondNoise = 1.10;
constexpr double kSecondBias = 1.03;

/// One column's overflow: from the run of full pixels y0..y1 outwards, alternately up and down.
void spill(View<float> e, std::ptrdiff_t x, std::ptrdiff_t y0, std::ptrdiff_t y1, double excess,
           float full, std::vector<PixelEvent>& events) {
  std::ptrdiff_t down = y0 - 1;
  std::ptrdiff_t up = y1 + 1;
  bool go_up = true;
  const auto pour = [&](std::ptrdiff_t y) {
    float& pixel = e(x, y);
    const double room = std::max(0.0, static_cast<double>(full) - static_cast<double>(pixel));
    const double taken = std::min(room, excess);
    pixel += static_cast<float>(taken);
    excess -= taken;
    if (taken > 0.0) {
      events.push_back({static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
                        PixelKind::bleed, static_cast<float>(taken)});
    }
  };
  while (excess > 0.5 && (down >= 0 || up < e.height)) {
    if ((go_up && up < e.height) || down < 0) {
      pour(up++);
    } else {
      pour(down--);
    }
    go_up = !go_up;
  }
}

void bleed_column(View<float> e, std::ptrdiff_t x, float full, std::vector<PixelEvent>& events) {
  for (std::ptrdiff_t y = 0; y < e.height; ++y) {
    if (e(x, y) <= full) continue;
    const std::ptrdiff_t first = y;
    double excess = 0.0;
    for (; y < e.height && e(x, y) > full; ++y) {
      const float over = e(x, y) - full;
      excess += static_cast<double>(over);
      events.push_back({static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
                        PixelKind::saturated, -over});
      e(x, y) = full;
    }
    spill(e, x, first, y - 1, excess, full, events);
  }
}

/// Level of one amplifier at row y: drifts from exposure to exposure and along the readout. [ADU]
struct Level {
  double base, wave, phase;
  float at(int y, int height) const {
    return static_cast<float>(base +
                              wave * std::sin(2.0 * std::numbers::pi * 0.6 * y / height + phase));
  }
};

Level level_of(const Scene& scene, const SceneSite& site, std::size_t amplifier, int number) {
  RandomStream random(scene.seed, "bias level/" + site.name + "/" + std::to_string(amplifier),
                      static_cast<std::uint64_t>(number));
  const double base = site.bias_adu * (amplifier == 0 ? 1.0 : kSecondBias) + 2.0 * random.normal();
  return {base, 0.8 * random.normal(), 2.0 * std::numbers::pi * random.uniform()};
}

std::uint16_t digitise(float adu) {
  const float rounded = std::nearbyint(adu);
  return static_cast<std::uint16_t>(std::min(std::max(rounded, 0.0F), 65535.0F));
}

}  // namespace

std::vector<Amplifier> amplifiers_of(const SceneSite& site) {
  const int w = site.width;
  const int h = site.height;
  const int o = site.overscan;
  if (site.amplifiers == 1) {
    const bool before = site.dialect == "survey";  // this camera reads its overscan first
    Amplifier a{{before ? o : 0, 0, w, h},
                {before ? 0 : w, 0, o, h},
                {0.0, 0.0},
                site.gain_e_per_adu,
                site.read_noise_e};
    if (o == 0) a.overscan = {};
    return {a};
  }
  Amplifier left{
      {0, 0, w / 2, h}, {w / 2, 0, o, h}, {0.0, 0.0}, site.gain_e_per_adu, site.read_noise_e};
  Amplifier right{{w / 2 + 2 * o, 0, w / 2, h},
                  {w / 2 + o, 0, o, h},
                  {0.5 * w, 0.0},
                  site.gain_e_per_adu * kSecondGain,
                  site.read_noise_e * kSecondNoise};
  if (o == 0) left.overscan = right.overscan = {};
  return {left, right};
}

int raw_width_of(const SceneSite& site) { return site.width + site.amplifiers * site.overscan; }

float compress(float linear, double nonlinearity) {
  if (nonlinearity <= 0.0 || linear <= 0.0F) return linear;
  // 2 t / (1 + sqrt(1 + 4 c t)): the root of c m^2 + m - t without cancellation.
  const auto c = static_cast<float>(nonlinearity);
  return 2.0F * linear / (1.0F + std::sqrt(1.0F + 4.0F * c * linear));
}

double saturation_adu_of(const SceneSite& site) {
  // The lowest of the amplifiers' levels, with room for the bias drift and noise.
  const double gain = site.gain_e_per_adu * (site.amplifiers == 2 ? kSecondGain : 1.0);
  const double full =
      static_cast<double>(compress(static_cast<float>(site.full_well_e / gain), site.nonlinearity));
  return std::floor(std::min(site.bias_adu + 0.985 * full, 65000.0));
}

void bleed_columns(View<float> electrons, float full_well, std::vector<PixelEvent>& events) {
  std::vector<char> over(static_cast<std::size_t>(std::max<std::ptrdiff_t>(electrons.width, 0)), 0);
  for (std::ptrdiff_t y = 0; y < electrons.height; ++y) {
    const float* row = electrons.row(y);
    for (std::size_t x = 0; x < over.size(); ++x)
      over[x] = static_cast<char>(over[x] | (row[x] > full_well ? 1 : 0));
  }
  for (std::size_t x = 0; x < over.size(); ++x) {
    if (over[x] != 0) bleed_column(electrons, static_cast<std::ptrdiff_t>(x), full_well, events);
  }
}

Plane<std::uint16_t> read_out(const Scene& scene, const SceneSite& site, const Detector& detector,
                              int number, View<const float> electrons) {
  const std::vector<Amplifier> amplifiers = amplifiers_of(site);
  std::vector<Level> levels;
  for (std::size_t a = 0; a < amplifiers.size(); ++a)
    levels.push_back(level_of(scene, site, a, number));
  const RowNoise noise(scene.seed, "read noise/" + site.name + "/" + std::to_string(number));
  Plane<std::uint16_t> raw(raw_width_of(site), site.height);
  parallel_bands(site.height, 64, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    std::vector<float> random(static_cast<std::size_t>(raw.width()));
    std::vector<float> structure(static_cast<std::size_t>(site.width));
    for (std::ptrdiff_t y = first; y < last; ++y) {
      const int row = static_cast<int>(y);
      noise.normal(static_cast<std::uint64_t>(y), random);
      detector.bias_row(row, structure);
      std::uint16_t* out = raw.view().row(y);
      for (std::size_t a = 0; a < amplifiers.size(); ++a) {
        const Amplifier& amp = amplifiers[a];
        const float level = levels[a].at(row, site.height);
        const auto per_e = static_cast<float>(1.0 / amp.gain_e_per_adu);
        const float sigma = static_cast<float>(amp.read_noise_e) * per_e;
        const float* e = electrons.row(y) + static_cast<std::ptrdiff_t>(amp.origin.x);
        const float* fixed = structure.data() + static_cast<std::ptrdiff_t>(amp.origin.x);
        for (int i = 0; i < amp.data.width; ++i) {
          const int x = amp.data.x0 + i;
          out[x] = digitise(level + compress(e[i] * per_e, site.nonlinearity) + fixed[i] +
                            sigma * random[static_cast<std::size_t>(x)]);
        }
        for (int x = amp.overscan.x0; x < amp.overscan.x0 + amp.overscan.width; ++x) {
          out[x] = digitise(level + sigma * random[static_cast<std::size_t>(x)]);
        }
      }
    }
  });
  return raw;
}

}  // namespace polis
