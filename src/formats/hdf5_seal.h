#pragma once

#include "base/digest.h"

/// The HDF5 library crashes on some damaged files. So ours end in a seal, which readers of HDF5
/// never look at: the digest of all bytes before it. What has a good seal is what we wrote, and
/// safe to open.
namespace polis {

/// Appends the seal.
void seal_tables(Bytes& bytes);

enum class Seal { good, none };
/// Errors: bad_input (a seal that does not fit its bytes).
Seal check_seal(ByteView bytes);

/// Reads a foreign HDF5 file once in a child process, so that a crash of the library is an error
/// like any other. Call it before the file is decoded here, and never in a process that has started
/// MPI. Errors: bad_input, limit (60 s).
void try_foreign_tables(ByteView bytes);

}  // namespace polis
