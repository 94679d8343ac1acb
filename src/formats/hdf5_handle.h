#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/digest.h"

namespace polis {

/// Owns one HDF5 identifier.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  /// Errors: `kind` error saying that HDF5 could not `what`, if `id` is negative.
  Hdf5Handle(hid_t id, Close close, std::string_view what);
  Hdf5Handle(Hdf5Handle&& other) noexcept
      : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle();
  hid_t id() const { return id_; }

 private:
  hid_t id_ = -1;
  Close close_ = nullptr;
};

/// The library keeps global state and Debian's build may be without its own lock: one thread at a
/// time. Holding this also silences the library's printing of errors, which we turn into our own.
std::unique_lock<std::recursive_mutex> hdf5_lock();

/// Throws bad_input unless `status` is good. HDF5 calls return a negative number when they fail.
void hdf5_check(herr_t status, std::string_view what);

/// A file that lives in memory only.
Hdf5Handle create_hdf5_in_memory();
Hdf5Handle open_hdf5_in_memory(ByteView bytes);
/// What the file would be on disk.
Bytes hdf5_image(const Hdf5Handle& file);

/// Scalar text attribute.
void write_hdf5_text(hid_t object, const std::string& name, std::string_view text);
void write_hdf5_integer(hid_t object, const std::string& name, long long value);

}  // namespace polis
