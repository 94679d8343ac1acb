#pragma once

#include "kernels/measure_image.h"
#include "sky/table.h"

namespace polis {

/// The tables and facts of a catalog (docs/formats/catalog.md) from what was measured. Rows are
/// sorted by y, then x.
TableSet catalog_of(const MeasuredImage& image);

}  // namespace polis
