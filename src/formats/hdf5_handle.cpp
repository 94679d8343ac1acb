#include "formats/hdf5_handle.h"

#include <algorithm>

#include "base/error.h"

namespace polis {
namespace {

constexpr std::size_t kMemoryStep = 1 << 20;  // growth of a file in memory [bytes]
constexpr std::size_t kMaxAttribute =
    60000;  // HDF5 keeps an attribute in one object header message of 64 KiB

Hdf5Handle memory_access() {
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "make access properties");
  hdf5_check(H5Pset_fapl_core(access.id(), kMemoryStep, 0), "keep a file in memory");
  // Fixed bounds: the newest library may not choose a newer layout than PyTables and old h5py read.
  hdf5_check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18),
             "fix the format's version");
  return access;
}

}  // namespace

Hdf5Handle::Hdf5Handle(hid_t id, Close close, std::string_view what) : id_(id), close_(close) {
  if (id_ < 0) {
    throw Error(ErrorKind::bad_input, "HDF5 could not " + std::string(what),
                "the file is damaged, its writer was killed, or it is no HDF5 file");
  }
}

Hdf5Handle::~Hdf5Handle() {
  if (id_ >= 0 && close_ != nullptr) close_(id_);
}

std::unique_lock<std::recursive_mutex> hdf5_lock() {
  static std::recursive_mutex mutex;
  std::unique_lock lock(mutex);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return lock;
}

void hdf5_check(herr_t status, std::string_view what) {
  if (status < 0) {
    throw Error(ErrorKind::bad_input, "HDF5 could not " + std::string(what),
                "the library refused; the file may be damaged");
  }
}

Hdf5Handle create_hdf5_in_memory() {
  const Hdf5Handle access = memory_access();
  const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "make creation properties");
  hdf5_check(H5Pset_obj_track_times(creation.id(), false), "leave out times");
  return {H5Fcreate("tables.h5", H5F_ACC_TRUNC, creation.id(), access.id()), H5Fclose,
          "create a file in memory"};
}

Hdf5Handle open_hdf5_in_memory(ByteView bytes) {
  const Hdf5Handle access = memory_access();
  // The library copies the image; its interface lacks a const.
  hdf5_check(H5Pset_file_image(access.id(), const_cast<std::byte*>(bytes.data()), bytes.size()),
             "take a file from memory");
  return {H5Fopen("tables.h5", H5F_ACC_RDONLY, access.id()), H5Fclose, "open the file"};
}

Bytes hdf5_image(const Hdf5Handle& file) {
  hdf5_check(H5Fflush(file.id(), H5F_SCOPE_GLOBAL), "flush a file");
  const ssize_t size = H5Fget_file_image(file.id(), nullptr, 0);
  hdf5_check(size < 0 ? -1 : 0, "measure a file");
  Bytes bytes(static_cast<std::size_t>(size));
  hdf5_check(H5Fget_file_image(file.id(), bytes.data(), bytes.size()) < 0 ? -1 : 0, "copy a file");
  return bytes;
}

void write_hdf5_text(hid_t object, const std::string& name, std::string_view text) {
  if (text.size() > kMaxAttribute) {
    throw Error(ErrorKind::limit, "cannot write attribute " + name,
                "it is longer than " + std::to_string(kMaxAttribute) + " bytes");
  }
  const Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "make a text type");
  hdf5_check(H5Tset_size(type.id(), std::max<std::size_t>(text.size(), 1)), "size a text type");
  hdf5_check(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "pad a text type");
  hdf5_check(H5Tset_cset(type.id(), H5T_CSET_UTF8), "name a text's encoding");
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose, "make a scalar");
  const Hdf5Handle attribute(
      H5Acreate2(object, name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
      "create attribute " + name);
  const std::string padded(text.empty() ? std::string(1, '\0') : std::string(text));
  hdf5_check(H5Awrite(attribute.id(), type.id(), padded.data()), "write attribute " + name);
}

void write_hdf5_integer(hid_t object, const std::string& name, long long value) {
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose, "make a scalar");
  const Hdf5Handle attribute(
      H5Acreate2(object, name.c_str(), H5T_STD_I64LE, space.id(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose, "create attribute " + name);
  hdf5_check(H5Awrite(attribute.id(), H5T_NATIVE_LLONG, &value), "write attribute " + name);
}

}  // namespace polis
