#pragma once

#include <string>
#include <vector>

#include "formats/hdf5_handle.h"
#include "sky/frame.h"

/// Pieces of reading that the reader of tables and the writer of indexes share. Hold hdf5_lock.
namespace polis {

/// All text attributes of an object: fixed-length scalars, as our writers make them.
Facts read_hdf5_texts(hid_t object);
/// Names of the tables: as our writer listed them, else every compound dataset of the root. Errors:
/// bad_input.
std::vector<std::string> hdf5_table_names(const Hdf5Handle& file);

}  // namespace polis
