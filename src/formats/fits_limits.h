#pragma once

#include <cstddef>

namespace polis {

inline constexpr std::size_t kFitsCardSize = 80;
inline constexpr std::size_t kFitsBlock = 2880;

/// What the border lets through: far above any real camera, far below what harms the city.
inline constexpr std::size_t kMaxIntegerDigits = 19;  ///< of a header card
inline constexpr int kMaxAxes = 999;                  ///< FITS Standard 4.0, section 4.4.1
inline constexpr std::size_t kMaxHdus = 4096;
inline constexpr std::size_t kMaxImageSide = 1u << 20;        ///< [px]
inline constexpr std::size_t kMaxImagePixels = 1u << 30;      ///< [px]
inline constexpr std::size_t kMaxExpandedBytes = 8ull << 30;  ///< of a whole-file gzip
inline constexpr std::size_t kMaxGzipRatio = 200;  ///< expanded / compressed bytes: more is a bomb

}  // namespace polis
