#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/mask_bits.h"
#include "kernels/view.h"
#include "simulate/noise.h"
#include "simulate/scene.h"
#include "simulate/stars.h"
#include "sky/exposure.h"

namespace polis {

/// Why a pixel is not what the sky made it.
enum class PixelKind {
  hot = 0,
  bad_column = 1,
  cosmic_ray = 2,
  satellite = 3,
  aeroplane = 4,
  saturated = 5,
  bleed = 6
};
std::string_view name_of(PixelKind kind);
MaskPixel mask_of(PixelKind kind);

/// One pixel that something happened to, and the electrons it brought (or, where negative, took).
struct PixelEvent {
  std::int32_t x = 0, y = 0;  ///< of the trimmed image
  PixelKind kind = PixelKind::hot;
  float electrons = 0.0F;
};

/// What of a detector does not change from exposure to exposure, row by row so that it needs no
/// maps in memory. Everything follows from the scene's seed and the site's name. Rows have
/// SceneSite::width pixels.
class Detector {
 public:
  Detector(const Scene& scene, const SceneSite& site);

  /// Response to light, median about 1: vignetting, dust (which moves from night to night), pixels,
  /// dead columns.
  void response_row(Band band, int night, int y, std::span<float> out) const;
  /// Dark current with hot pixels and bright columns. [electron/s]
  void dark_row(int y, double temperature_c, std::span<float> out) const;
  /// Fixed structure of the bias above the overscan level. [ADU]
  void bias_row(int y, std::span<float> out) const;
  /// Hot pixels (dark current) and bad columns with the electrons of `exposure_s`, in order of y,
  /// then x.
  std::vector<PixelEvent> defects(double exposure_s, double temperature_c) const;

  struct Pixel {
    int x, y;
    double dark_e_per_s;  ///< above the ordinary
  };
  struct Column {
    int x, first_y;  ///< defective from there to the last row
    double dark_e_per_s;
    double response;
  };
  struct Grain {
    double x, y, radius, depth;
  };

 private:
  std::vector<Grain> grains(int night) const;
  SceneSite site_;
  std::uint64_t seed_;
  RowNoise response_noise_, bias_noise_, dark_noise_;
  std::vector<float> column_bias_;
  std::vector<Pixel> hot_;  ///< in order of y, then x
  std::vector<Column> columns_;
};

/// Where the parts of the raw array lie, and what each amplifier does: also what the instrument
/// file says.
std::vector<Amplifier> amplifiers_of(const SceneSite& site);
int raw_width_of(const SceneSite& site);
/// ADU above bias that the electronics give for `adu` of a linear one: solves true = adu (1 + c
/// adu).
float compress(float linear_adu, double nonlinearity);
/// Level above which the instrument file calls a pixel saturated.
double saturation_adu_of(const SceneSite& site);

/// Spreads what lies above the full well along the columns, half up and half down, keeping the
/// charge. Notes the pixels that were full and those that took up charge.
void bleed_columns(View<float> electrons, float full_well, std::vector<PixelEvent>& events);

/// Reads the electrons out: gain, non-linearity, bias, overscan, read noise, 16 bits. `noise` names
/// the exposure.
Plane<std::uint16_t> read_out(const Scene& scene, const SceneSite& site, const Detector& detector,
                              int number, View<const float> electrons);

}  // namespace polis
