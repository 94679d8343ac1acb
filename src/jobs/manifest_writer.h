#pragma once

#include <vector>

#include "formats/manifest.h"
#include "lake/lake.h"
#include "ledger/ledger.h"

namespace polis {

/// Writes the manifest of a round (what its jobs asked for; round 0: what people asked for) into
/// the lake, in parts of bounded size, and notes them in the ledger.
class ManifestWriter {
 public:
  ManifestWriter(Ledger& ledger, Lake& lake, int round) : ledger_(ledger), lake_(lake) {
    part_.round = round;
  }
  void add(std::vector<Request> requests);
  /// Writes the part that is not full.
  void flush();

 private:
  Ledger& ledger_;
  Lake& lake_;
  Manifest part_;
};

}  // namespace polis
