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

/// From the packed form that the ledger stores and orders carry (docs/formats/ledger.md): the
/// version, then the definition. Errors: damaged.
JobSpec unpack_spec(Unpacker& unpacker);

/// Calls `visit(from, name)` for each entry of the input of a packed spec, without unpacking the
/// rest.
template <class Visit>
void each_input(ByteView spec, Visit&& visit) {
  Unpacker unpacker(spec);
  unpacker.number();
  unpacker.view();
  for (std::size_t left = 2 * unpacker.count(); left > 0; --left) unpacker.view();
  for (std::size_t left = unpacker.count(); left > 0; --left) {
    unpacker.view();
    const auto from = static_cast<InputRef::From>(unpacker.number_as<std::uint8_t>(1));
    visit(from, unpacker.digest());
    unpacker.view();
  }
}

/// The part that a job shares with the request for it.
void pack_definition(Packer& packer, std::string_view task, const ParameterMap& parameters,
                     const Bundle& input);
void unpack_definition(Unpacker& unpacker, std::string& task, ParameterMap& parameters,
                       Bundle& input);

}  // namespace polis
