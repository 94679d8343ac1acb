#pragma once

#include "kernels/psf.h"
#include "sky/table.h"

namespace polis {

/// The PSF as the catalog's table `psf` (docs/formats/catalog.md). Values that are zero are left
/// out.
Table psf_table(const PsfModel& model);

/// The model back from its table. Errors: not_found (a fact or column is missing), bad_input (a
/// value is out of range).
PsfModel psf_from(const Table& table);

}  // namespace polis
