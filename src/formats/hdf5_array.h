#pragma once

#include <string>

#include "formats/hdf5_handle.h"
#include "sky/table.h"

/// Arrays of numbers beside the tables of a file (docs/formats/tables.md). Hold hdf5_lock.
namespace polis {

/// One dataset of the root: little-endian floats of the array's shape, its images contiguous.
/// Errors: internal (a shape that does not fit the values).
void write_hdf5_array(const Hdf5Handle& file, const NumberArray& array);
/// `file_size` bounds what the array may claim. Errors: bad_input.
NumberArray read_hdf5_array(const Hdf5Handle& file, const std::string& name, std::size_t file_size);

}  // namespace polis
