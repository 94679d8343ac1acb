#pragma once

#include <cstddef>

#include "base/digest.h"

namespace polis {

/// True if the bytes begin like a gzip stream (RFC 1952).
bool is_gzip(ByteView bytes);

/// Expands a gzip or zlib stream (several gzip members follow each other). Stops at `limit` bytes.
/// Errors: bad_input (no such stream, cut short, wrong CRC, more than `limit` bytes).
Bytes expand(ByteView bytes, std::size_t limit);
/// Expands a whole file: at most kMaxGzipRatio times its size, and kMaxExpandedBytes.
Bytes expand_file(ByteView bytes);
/// One gzip member without a time or name: equal input gives equal bytes.
Bytes deflate_gzip(ByteView bytes, int level = 1);

}  // namespace polis
