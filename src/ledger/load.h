#pragma once

#include <optional>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace polis {

/// What a ledger keeps in memory while it is open.
struct LoadedLedger {
  JobBook book;
  std::vector<Asking> asking;  ///< of the open round
  std::optional<RoundRecord> open_round;
  int last_round = 0;
};

/// Makes the tables in a new file; refuses files of another program or version. Errors: damaged,
/// bad_input.
void prepare_schema(Database& database);
LoadedLedger load_ledger(const Database& database);

/// Ids as they lie in `jobs.sources`: four little-endian bytes each.
Bytes pack_ids(std::span<const JobId> ids);
void unpack_ids(ByteView bytes, std::vector<JobId>& ids);

}  // namespace polis
