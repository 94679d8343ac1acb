#pragma once

#include <cstdint>

/// What a source's `flags` can say (docs/formats/catalog.md): never renumber.
namespace polis::source_flags {
inline constexpr std::int32_t neighbour = 1;    ///< a neighbour biases the photometry
inline constexpr std::int32_t blended = 2;      ///< was blended and deblended
inline constexpr std::int32_t saturated = 4;    ///< holds saturated pixels
inline constexpr std::int32_t edge = 8;         ///< touches the edge of the image
inline constexpr std::int32_t incomplete = 16;  ///< aperture incomplete or masked pixels inside
inline constexpr std::int32_t psf_failed = 32;  ///< PSF fit did not converge
inline constexpr std::int32_t too_many_children =
    64;                                         ///< its parent has more children than allowed
inline constexpr std::int32_t too_large = 128;  ///< larger than the stamp allows
}  // namespace polis::source_flags
