#pragma once

#include <span>
#include <vector>

#include "base/digest.h"
#include "formats/manifest.h"

namespace polis {

/// What one job asks for, on its way from the worker to the master: artifact kind `requests`,
/// packed like a job's definition, because a master may have to read a million of them
/// (docs/formats/order.md). People read manifests.
Bytes pack_requests(std::span<const Request> requests);
/// Errors: damaged.
std::vector<Request> unpack_requests(ByteView bytes);

}  // namespace polis
