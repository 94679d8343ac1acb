#pragma once

#include "base/pack.h"
#include "jobs/task.h"

namespace polis {

/// What defines a job, and so its key.
struct JobSpec {
  std::string task;
  int version = 1;
  ParameterMap parameters;  ///< complete
  Bundle input;
};

/// The packed form that the ledger stores and orders carry (docs/formats/ledger.md).
void pack(Packer& packer, const JobSpec& spec);
/// Errors: damaged.
JobSpec unpack_spec(Unpacker& unpacker);

}  // namespace polis
