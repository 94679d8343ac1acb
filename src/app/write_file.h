#pragma once

#include <string>

#include "base/digest.h"

namespace polis {

/// Writes a file that a person asked for; one that was there is replaced. Errors: io.
void write_file(const std::string& path, ByteView bytes);

}  // namespace polis
