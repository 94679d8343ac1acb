#include "jobs/spec.h"

namespace polis {

void pack(Packer& packer, const JobSpec& spec) {
  packer.text(spec.task).number(static_cast<std::uint64_t>(spec.version));
  packer.number(spec.parameters.size());
  for (const auto& [name, value] : spec.parameters) packer.text(name).text(value);
  packer.number(spec.input.entries.size());
  for (const BundleEntry& entry : spec.input.entries) {
    packer.text(entry.role).number(static_cast<std::uint64_t>(entry.ref.from));
    packer.digest(entry.ref.name).text(entry.ref.kind);
  }
}

JobSpec unpack_spec(Unpacker& unpacker) {
  JobSpec spec;
  spec.task = unpacker.text();
  spec.version = unpacker.number_as<int>();
  for (std::size_t left = unpacker.count(); left > 0; --left) {
    std::string name = unpacker.text();
    spec.parameters.emplace(std::move(name), unpacker.text());
  }
  spec.input.entries.resize(unpacker.count());
  for (BundleEntry& entry : spec.input.entries) {
    entry.role = unpacker.text();
    entry.ref.from = static_cast<InputRef::From>(unpacker.number_as<std::uint8_t>(1));
    entry.ref.name = unpacker.digest();
    entry.ref.kind = unpacker.text();
  }
  return spec;
}

}  // namespace polis
