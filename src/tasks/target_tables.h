#pragma once

#include <vector>

#include "sky/table.h"
#include "sky/target_list.h"

namespace polis {

/// Table `targets` of kind `targets` (docs/formats/targets.md): id 1, 2, 3 ... in list order.
Table targets_table(const std::vector<Target>& targets);
/// Inverse; only id-order matters: row i is target id i + 1. Also reads a person's list, where
/// name, reason, flux and seen may be absent (then reason is "user" and the name the id). Errors:
/// not_found (no ra or dec).
std::vector<Target> targets_from(const Table& table);

}  // namespace polis
