#include "mpi/messages.h"

namespace polis {
namespace {

void pack_result(Packer& packer, const StepResult& result) {
  const Outcome& outcome = result.outcome;
  packer.number(outcome.job).number((result.chain_ended ? 1U : 0U) | (outcome.ok ? 2U : 0U));
  if (outcome.job == 0) return;
  packer.real(outcome.wall_s);
  if (outcome.ok) {
    packer.digest(outcome.output).number(outcome.output_bytes);
    packer.digest(outcome.requests).number(outcome.request_count);
  } else {
    packer.number(static_cast<std::uint64_t>(outcome.error)).text(outcome.reason);
  }
}

StepResult unpack_result(Unpacker& unpacker) {
  StepResult result;
  Outcome& outcome = result.outcome;
  outcome.job = unpacker.number_as<JobId>();
  const auto flags = unpacker.number_as<unsigned>(3);
  result.chain_ended = (flags & 1U) != 0;
  outcome.ok = (flags & 2U) != 0;
  if (outcome.job == 0) return result;
  outcome.wall_s = unpacker.real();
  if (outcome.ok) {
    outcome.output = unpacker.digest();
    outcome.output_bytes = unpacker.number();
    outcome.requests = unpacker.digest();
    outcome.request_count = unpacker.number_as<std::uint32_t>();
  } else {
    outcome.error =
        static_cast<ErrorKind>(unpacker.number_as<int>(static_cast<int>(ErrorKind::internal)));
    outcome.reason = unpacker.text();
  }
  return result;
}

}  // namespace

Bytes pack_settings(const WorkerSettings& settings) {
  Packer packer;
  packer.text(settings.lake_root)
      .number(settings.allowance.memory_mb)
      .real(settings.allowance.time_s);
  packer.number(static_cast<std::uint64_t>(settings.threads)).number(settings.cache_mb);
  return packer.take();
}

WorkerSettings unpack_settings(ByteView bytes) {
  Unpacker unpacker(bytes);
  WorkerSettings settings;
  settings.lake_root = unpacker.text();
  settings.allowance.memory_mb = unpacker.number();
  settings.allowance.time_s = unpacker.real();
  settings.threads = unpacker.number_as<int>();
  settings.cache_mb = unpacker.number();
  return settings;
}

Bytes pack_grant(const Grant& grant) {
  Packer packer;
  packer.number(grant.size());
  for (const ChainTicket& ticket : grant) {
    packer.digest(ticket.order)
        .number(ticket.chain)
        .number(ticket.first_job)
        .number(ticket.done_steps);
  }
  return packer.take();
}

Grant unpack_grant(ByteView bytes) {
  Unpacker unpacker(bytes);
  Grant grant(unpacker.count());
  for (ChainTicket& ticket : grant) {
    ticket.order = unpacker.digest();
    ticket.chain = unpacker.number_as<std::uint32_t>();
    ticket.first_job = unpacker.number_as<JobId>();
    ticket.done_steps = unpacker.number();
  }
  return grant;
}

Bytes pack_results(const std::vector<StepResult>& results) {
  Packer packer;
  packer.number(results.size());
  for (const StepResult& result : results) pack_result(packer, result);
  return packer.take();
}

std::vector<StepResult> unpack_results(ByteView bytes) {
  Unpacker unpacker(bytes);
  std::vector<StepResult> results(unpacker.count());
  for (StepResult& result : results) result = unpack_result(unpacker);
  return results;
}

}  // namespace polis
