#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace polis {

/// What a pixel's mask can say. The bits are part of the file format (docs/formats/frame.md): never
/// renumber.
using MaskPixel = std::uint32_t;
namespace mask_bits {
inline constexpr MaskPixel bad = 1u << 0;        ///< defect of the detector: dead pixel, bad column
inline constexpr MaskPixel saturated = 1u << 1;  ///< at or above the saturation level
inline constexpr MaskPixel bleed = 1u << 2;      ///< charge bled from a saturated star
inline constexpr MaskPixel hot = 1u << 3;        ///< dark current far above that of its neighbours
inline constexpr MaskPixel cosmic_ray = 1u << 4;    ///< hit by a particle
inline constexpr MaskPixel trail = 1u << 5;         ///< satellite or aeroplane trail
inline constexpr MaskPixel edge = 1u << 6;          ///< too near to the border, or vignetted away
inline constexpr MaskPixel interpolated = 1u << 7;  ///< value was made from its neighbours
inline constexpr MaskPixel no_data = 1u << 8;       ///< NaN, BLANK, or never read out
inline constexpr MaskPixel suspect = 1u << 9;    ///< in the non-linear range, or low flat response
inline constexpr MaskPixel detected = 1u << 10;  ///< part of a detected source
inline constexpr MaskPixel cross_talk = 1u
                                        << 11;  ///< ghost of a bright source in another amplifier

/// Pixels that carry no usable signal: measurements leave them out.
inline constexpr MaskPixel unusable = bad | saturated | bleed | hot | cosmic_ray | trail | no_data;

struct Name {
  MaskPixel bit;
  std::string_view name;
};
inline constexpr std::array<Name, 12> names{{{bad, "bad"},
                                             {saturated, "saturated"},
                                             {bleed, "bleed"},
                                             {hot, "hot"},
                                             {cosmic_ray, "cosmic_ray"},
                                             {trail, "trail"},
                                             {edge, "edge"},
                                             {interpolated, "interpolated"},
                                             {no_data, "no_data"},
                                             {suspect, "suspect"},
                                             {detected, "detected"},
                                             {cross_talk, "cross_talk"}}};
}  // namespace mask_bits

}  // namespace polis
