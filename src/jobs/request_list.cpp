#include "jobs/request_list.h"

#include <bit>

#include "jobs/spec.h"

namespace polis {
namespace {

constexpr std::string_view kMagic = "polis requests 1";

void pack_one(Packer& packer, const Request& request) {
  pack_definition(packer, request.task, request.parameters, request.input);
  // Through unsigned, so that a negative priority needs no sign.
  packer.number(std::bit_cast<std::uint32_t>(request.priority));
  packer.real(request.deadline_mjd).real(request.cost).number(request.keep ? 1 : 0);
  packer.text(request.reason).text(request.label).text(request.group);
}

Request unpack_one(Unpacker& unpacker) {
  Request request;
  unpack_definition(unpacker, request.task, request.parameters, request.input);
  request.priority = std::bit_cast<std::int32_t>(unpacker.number_as<std::uint32_t>());
  request.deadline_mjd = unpacker.real();
  request.cost = unpacker.real();
  request.keep = unpacker.number_as<int>(1) == 1;
  request.reason = unpacker.text();
  request.label = unpacker.text();
  request.group = unpacker.text();
  return request;
}

}  // namespace

Bytes pack_requests(std::span<const Request> requests) {
  Packer packer;
  packer.text(kMagic).number(requests.size());
  for (const Request& request : requests) pack_one(packer, request);
  return packer.take();
}

std::vector<Request> unpack_requests(ByteView bytes) {
  Unpacker unpacker(bytes);
  if (unpacker.text() != kMagic) {
    throw Error(ErrorKind::damaged, "cannot read a list of requests", "it does not begin as one");
  }
  std::vector<Request> requests(unpacker.count());
  for (Request& request : requests) request = unpack_one(unpacker);
  return requests;
}

}  // namespace polis
