#pragma once

#include <functional>
#include <string_view>

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

/// Runs `read` once in a child process, so that a crash of the library on `what` is an error like
/// any other; what `read` throws there is lost: reading again, which is then known to be safe,
/// gives it. Never in a process that has started MPI. Errors: bad_input, limit (60 s), io.
void try_in_child(std::string_view what, const std::function<void()>& read);

/// Reads a foreign HDF5 file of tables once in a child process. Call it before the file is decoded
/// here. Errors: as try_in_child.
void try_foreign_tables(ByteView bytes);

}  // namespace polis
