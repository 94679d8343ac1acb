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

/// The part that a job shares with the request for it.
void pack_definition(Packer& packer, std::string_view task, const ParameterMap& parameters,
                     const Bundle& input);
void unpack_definition(Unpacker& unpacker, std::string& task, ParameterMap& parameters,
                       Bundle& input);

}  // namespace polis
