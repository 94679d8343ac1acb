#pragma once

#include <optional>
#include <string>

#include "kernels/view.h"

namespace polis::test {

/// The pixels of HDU `hdu` of a plain FITS file, scaled. Just enough of FITS for the kernels' tests
/// on real frames, which may not see src/formats. Nothing where the file is absent.
std::optional<Plane<float>> read_plain_fits(const std::string& path, int hdu = 0);

}  // namespace polis::test
