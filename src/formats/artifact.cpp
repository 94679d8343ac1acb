#include "formats/artifact.h"

#include <mutex>
#include <optional>

#include "base/error.h"

namespace polis {

/// `lock` guards the three members; encoding and decoding happen under it, so each is done once.
struct Artifact::State {
  std::string kind;
  mutable std::mutex lock;
  std::shared_ptr<const std::any>
      value;  ///< shared with the copies that differ in provenance alone
  std::optional<Bytes> bytes;
  Facts provenance;

  void decode() {
    if (value) return;
    const Codec& codec = codec_of(kind);
    value = std::make_shared<const std::any>(codec.decode(*bytes, provenance));
    if (codec.large) bytes.reset();
  }
};

Artifact Artifact::from_value(std::string_view kind, std::any value, Facts provenance) {
  const Codec& codec = codec_of(kind);
  if (value.type() != *codec.type) {
    throw Error(ErrorKind::internal, "cannot make an artifact of kind " + std::string(kind),
                "its value has another type");
  }
  Artifact artifact;
  artifact.state_ = std::make_shared<State>();
  artifact.state_->kind = kind;
  artifact.state_->value = std::make_shared<const std::any>(std::move(value));
  artifact.state_->provenance = std::move(provenance);
  return artifact;
}

Artifact Artifact::from_bytes(std::string_view kind, Bytes bytes) {
  codec_of(kind);
  Artifact artifact;
  artifact.state_ = std::make_shared<State>();
  artifact.state_->kind = kind;
  artifact.state_->bytes = std::move(bytes);
  return artifact;
}

const std::string& Artifact::kind() const {
  static const std::string none;
  return state_ ? state_->kind : none;
}

const std::any& Artifact::decoded() const {
  if (!state_)
    throw Error(ErrorKind::internal, "cannot read an empty artifact", "it was never made");
  const std::scoped_lock guard(state_->lock);
  state_->decode();
  return *state_->value;
}

const Facts& Artifact::provenance() const {
  decoded();
  return state_->provenance;
}

Artifact Artifact::with_provenance(Facts provenance) const {
  decoded();
  Artifact artifact;
  artifact.state_ = std::make_shared<State>();
  artifact.state_->kind = state_->kind;
  artifact.state_->value = state_->value;
  artifact.state_->provenance = std::move(provenance);
  return artifact;
}

const Bytes& Artifact::bytes() const {
  if (!state_)
    throw Error(ErrorKind::internal, "cannot write an empty artifact", "it was never made");
  const std::scoped_lock guard(state_->lock);
  if (!state_->bytes)
    state_->bytes = codec_of(state_->kind).encode(*state_->value, state_->provenance);
  return *state_->bytes;
}

bool Artifact::has_bytes() const {
  if (!state_) return false;
  const std::scoped_lock guard(state_->lock);
  return state_->bytes.has_value();
}

void Artifact::drop_decoded() const {
  if (!state_) return;
  const std::scoped_lock guard(state_->lock);
  if (state_->bytes) state_->value.reset();
}

void Artifact::drop_bytes() const {
  if (!state_) return;
  const std::scoped_lock guard(state_->lock);
  if (state_->value) state_->bytes.reset();
}

void Artifact::wrong_type(const std::type_info& wanted) const {
  throw Error(ErrorKind::internal, "an artifact of kind " + kind() + " was read as another type",
              wanted.name());
}

}  // namespace polis
