#include "jobs/spec.h"

namespace polis {

void pack_definition(Packer& packer, std::string_view task, const ParameterMap& parameters,
                     const Bundle& input) {
  packer.text(task).number(parameters.size());
  for (const auto& [name, value] : parameters) packer.text(name).text(value);
  packer.number(input.entries.size());
  for (const BundleEntry& entry : input.entries) {
    packer.text(entry.role).number(static_cast<std::uint64_t>(entry.ref.from));
    packer.digest(entry.ref.name).text(entry.ref.kind);
  }
}

void unpack_definition(Unpacker& unpacker, std::string& task, ParameterMap& parameters,
                       Bundle& input) {
  task = unpacker.text();
  for (std::size_t left = unpacker.count(); left > 0; --left) {
    std::string name = unpacker.text();
    parameters.emplace_hint(parameters.end(), std::move(name), unpacker.text());
  }
  input.entries.resize(unpacker.count());
  for (BundleEntry& entry : input.entries) {
    entry.role = unpacker.text();
    entry.ref.from = static_cast<InputRef::From>(unpacker.number_as<std::uint8_t>(1));
    entry.ref.name = unpacker.digest();
    entry.ref.kind = unpacker.text();
  }
}

JobSpec unpack_spec(Unpacker& unpacker) {
  JobSpec spec;
  spec.version = unpacker.number_as<int>();
  unpack_definition(unpacker, spec.task, spec.parameters, spec.input);
  return spec;
}

}  // namespace polis
