#pragma once

#include <span>
#include <string>

namespace polis {

/// Writes an HDF5 file at `path` that joins the tables of many files: for each table name that the
/// first part has, a virtual dataset with the rows of all parts that have it, in the order given.
/// Nothing is copied: the parts, named relative to the index, must stay beside it. Text columns get
/// the longest width. Attributes `parts` and `part_rows` (one per line) of each dataset tell which
/// rows come from where; units, UCDs and descriptions are those of the first part. Errors:
/// bad_input (a part that is no table file, or tables of one name with different columns), io.
void write_index(const std::string& path, std::span<const std::string> parts);

}  // namespace polis
