#pragma once

#include <any>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>

#include "base/digest.h"
#include "sky/frame.h"

namespace polis {

/// How a kind of artifact is written and read. One row of the codec table (src/formats/codecs.cpp)
/// per kind; a new kind costs one row. Encoding is a function of (value, provenance) alone: same
/// value, same bytes.
struct Codec {
  std::string_view kind;       ///< "frame", "catalog", ...
  std::string_view extension;  ///< ".fits", ".h5", ".json": for exports
  const std::type_info* type;  ///< of the decoded value
  Bytes (*encode)(const std::any& value, const Facts& provenance);
  /// Validates: the bytes may be damaged or foreign. Errors: bad_input.
  std::any (*decode)(ByteView bytes, Facts& provenance);
  /// Large ones do not keep their bytes beside the decoded value: encoding gives the same again.
  bool large = false;
};

std::span<const Codec> codecs();
/// Errors: not_found.
const Codec& codec_of(std::string_view kind);

/// An immutable thing of a declared kind, either decoded (a value in memory) or encoded (bytes),
/// each made from the other when first asked for. Copies share both. Inside a chain the encoded
/// form is never made.
class Artifact {
 public:
  Artifact() = default;
  template <class T>
  static Artifact of(std::string_view kind, T value, Facts provenance = {}) {
    return from_value(kind, std::any(std::move(value)), std::move(provenance));
  }
  static Artifact from_bytes(std::string_view kind, Bytes bytes);

  bool empty() const { return state_ == nullptr; }
  const std::string& kind() const;
  /// The decoded value. Errors: bad_input (does not decode), internal (another type).
  template <class T>
  const T& as() const {
    const T* value = std::any_cast<T>(&decoded());
    if (value == nullptr) wrong_type(typeid(T));
    return *value;
  }
  const Facts& provenance() const;
  /// The same value with other provenance (the job boundary writes it).
  Artifact with_provenance(Facts provenance) const;
  const Bytes& bytes() const;
  Digest digest() const { return digest_of(bytes()); }
  bool has_bytes() const;
  /// Frees the decoded form when the encoded one exists; for bounded memory.
  void drop_decoded() const;
  /// Frees the encoded form when the decoded one exists. References from bytes() end.
  void drop_bytes() const;

 private:
  struct State;
  static Artifact from_value(std::string_view kind, std::any value, Facts provenance);
  const std::any& decoded() const;
  [[noreturn]] void wrong_type(const std::type_info& wanted) const;
  std::shared_ptr<State> state_;
};

}  // namespace polis
