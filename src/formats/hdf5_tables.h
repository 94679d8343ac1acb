#pragma once

#include <any>

#include "base/digest.h"
#include "sky/table.h"

/// Tables in HDF5: one-dimensional chunked compound datasets with the attributes of PyTables
/// (docs/formats/tables.md). astropy, h5py, PyTables and pandas open them.
namespace polis {

/// Equal tables give equal bytes: no times, fixed library bounds. Errors: internal (a name that is
/// no name).
Bytes write_tables(const TableSet& tables, const Facts& provenance);
/// Errors: bad_input (no HDF5, a file whose writer was killed, types that no table of ours has).
TableSet read_tables(ByteView bytes, Facts& provenance);

Bytes encode_tables(const std::any& tables, const Facts& provenance);
std::any decode_tables(ByteView bytes, Facts& provenance);

}  // namespace polis
