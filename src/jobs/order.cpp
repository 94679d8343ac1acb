#include "jobs/order.h"

#include <algorithm>

#include "base/pack.h"

namespace polis {
namespace {

constexpr std::string_view kMagic = "polis order 1";

void pack_input(Packer& packer, const Job& job) {
  const bool in_lake = job.state == JobState::done && !job.output.is_zero();
  const bool comes = job.state == JobState::done || job.state == JobState::waiting;
  const auto where = in_lake ? Resolved::Where::lake
                     : comes ? Resolved::Where::memory
                             : Resolved::Where::missing;
  packer.number(static_cast<std::uint64_t>(where)).digest(in_lake ? job.output : Digest{});
}

void pack_inputs(Packer& packer, JobId id, const Bytes& spec, const JobBook& book) {
  auto source = book.sources(id).begin();  // as many as entries that come from jobs
  each_input(spec, [&](InputRef::From from, const Digest& name) {
    if (from == InputRef::From::job) return pack_input(packer, book.at(*source++));
    packer.number(static_cast<std::uint64_t>(Resolved::Where::lake)).digest(name);
  });
}

void pack_step(Packer& packer, JobId id, const Ledger& ledger) {
  const Job& job = ledger.book().at(id);
  const Bytes spec = ledger.spec(id);
  packer.number(id).digest(job.key).number(job.keep ? 1 : 0).raw(spec);
  pack_inputs(packer, id, spec, ledger.book());
}

OrderStep unpack_step(Unpacker& unpacker) {
  OrderStep step;
  step.job = unpacker.number_as<JobId>();
  step.key = unpacker.digest();
  step.keep = unpacker.number_as<int>(1) == 1;
  step.spec = unpack_spec(unpacker);
  step.inputs.resize(step.spec.input.entries.size());
  for (Resolved& input : step.inputs) {
    input.where = static_cast<Resolved::Where>(unpacker.number_as<std::uint8_t>(2));
    input.digest = unpacker.digest();
  }
  return step;
}

Bytes pack_chain(const Chain& chain, const Ledger& ledger) {
  Packer packer;
  // The ids come first, so that the master can read them without the rest.
  packer.number(chain.steps.size());
  for (const JobId id : chain.steps) packer.number(id);
  packer.number(chain.recipes.size());
  for (const JobId id : chain.recipes) pack_step(packer, id, ledger);
  for (const JobId id : chain.steps) pack_step(packer, id, ledger);
  return packer.take();
}

std::vector<JobId> unpack_ids_of(Unpacker& unpacker) {
  std::vector<JobId> ids(unpacker.count());
  for (JobId& id : ids) id = unpacker.number_as<JobId>();
  return ids;
}

}  // namespace

std::vector<Digest> write_orders(int round, const std::vector<Chain>& chains, const Ledger& ledger,
                                 Lake& lake) {
  std::vector<Digest> orders;
  for (std::size_t first = 0; first < chains.size(); first += kChainsPerOrder) {
    const std::size_t end = std::min(first + kChainsPerOrder, chains.size());
    Packer packer;
    packer.text(kMagic).number(static_cast<std::uint64_t>(round)).number(end - first);
    for (std::size_t i = first; i < end; ++i) packer.text(as_text(pack_chain(chains[i], ledger)));
    orders.push_back(lake.put("order", packer.bytes()));
  }
  return orders;
}

Order::Order(Bytes bytes) : bytes_(std::move(bytes)) {
  Unpacker unpacker(bytes_);
  if (unpacker.text() != kMagic)
    throw Error(ErrorKind::damaged, "cannot read an order", "it does not begin as one");
  unpacker.number();
  chains_.resize(unpacker.count());
  for (ByteView& chain : chains_) chain = unpacker.view();
}

std::vector<JobId> Order::jobs(std::size_t index) const {
  Unpacker unpacker(chains_.at(index));
  return unpack_ids_of(unpacker);
}

OrderChain Order::chain(std::size_t index) const {
  Unpacker unpacker(chains_.at(index));
  OrderChain chain;
  chain.steps.resize(unpack_ids_of(unpacker).size());
  chain.recipes.resize(unpacker.count());
  for (OrderStep& step : chain.recipes) step = unpack_step(unpacker);
  for (OrderStep& step : chain.steps) step = unpack_step(unpacker);
  return chain;
}

Order read_order(const Lake& lake, const Digest& digest) {
  return Order(lake.get(digest, "order").bytes());
}

}  // namespace polis
