#pragma once

#include <string>
#include <string_view>

#include "base/digest.h"

namespace polis {

/// Refuses names that other FITS programs take for commands or addresses: "-", "http://...",
/// "a.fits(b.fits)", "a.fits[1]", and bytes that no name needs (control characters, NUL). Errors:
/// bad_input.
void check_file_name(std::string_view path);

/// Joins a path that a request or manifest gave to `root`. Errors: bad_input for a path that is
/// absolute, empty, has a "..", leads through a symbolic link, or that check_file_name refuses.
std::string resolve_inside(const std::string& root, std::string_view path);

/// The bytes of a foreign file. Errors: bad_input (its name, no regular file), not_found, io, limit
/// (above `most` bytes).
Bytes read_foreign_file(const std::string& path, std::size_t most = std::size_t{8} << 30);

}  // namespace polis
