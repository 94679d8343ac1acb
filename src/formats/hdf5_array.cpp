#include "formats/hdf5_array.h"

#include "base/error.h"
#include "formats/hdf5_reading.h"

namespace polis {
namespace {

constexpr int kMaxAxes = 8;

[[noreturn]] void refuse(const std::string& name, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read array " + name, why);
}

std::string text_of(const Facts& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string() : found->second;
}

/// Sets the shape and gives the number of values.
std::size_t read_shape(hid_t dataset, std::size_t file_size, NumberArray& array) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose, "read an array's shape");
  const int axes = H5Sget_simple_extent_ndims(space.id());
  if (axes < 1 || axes > kMaxAxes) refuse(array.name, "it has no or too many axes");
  std::vector<hsize_t> shape(static_cast<std::size_t>(axes));
  if (H5Sget_simple_extent_dims(space.id(), shape.data(), nullptr) < 0)
    refuse(array.name, "its shape cannot be read");
  // Ours are not compressed, so an array is never larger than its file.
  const std::size_t most = file_size / sizeof(float);
  std::size_t count = 1;
  for (const hsize_t length : shape) {
    if (length > most || (length > 0 && count > most / length))
      refuse(array.name, "it claims more values than the file can hold");
    count *= static_cast<std::size_t>(length);
    array.shape.push_back(static_cast<std::int64_t>(length));
  }
  return count;
}

}  // namespace

void write_hdf5_array(const Hdf5Handle& file, const NumberArray& array) {
  std::vector<hsize_t> shape;
  std::size_t count = 1;
  for (const std::int64_t length : array.shape) {
    if (length < 0)
      throw Error(ErrorKind::internal, "cannot write array " + array.name, "negative");
    shape.push_back(static_cast<hsize_t>(length));
    count *= static_cast<std::size_t>(length);
  }
  if (shape.empty() || count != array.values.size()) {
    throw Error(ErrorKind::internal, "cannot write array " + array.name,
                "its shape does not fit its " + std::to_string(array.values.size()) + " values");
  }
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                         H5Sclose, "shape an array");
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "make properties");
  hdf5_check(H5Pset_obj_track_times(creation.id(), false), "leave out times");
  const Hdf5Handle dataset(H5Dcreate2(file.id(), array.name.c_str(), H5T_IEEE_F32LE, space.id(),
                                      H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                           H5Dclose, "create array " + array.name);
  // What PyTables wants to see.
  write_hdf5_text(dataset.id(), "CLASS", "ARRAY");
  write_hdf5_text(dataset.id(), "VERSION", "2.3");
  write_hdf5_text(dataset.id(), "TITLE", array.name);
  if (!array.unit.empty()) write_hdf5_text(dataset.id(), "UNIT", array.unit);
  if (!array.description.empty()) write_hdf5_text(dataset.id(), "DESCRIPTION", array.description);
  if (count > 0) {
    hdf5_check(H5Dwrite(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                        array.values.data()),
               "write array " + array.name);
  }
}

NumberArray read_hdf5_array(const Hdf5Handle& file, const std::string& name,
                            std::size_t file_size) {
  NumberArray array;
  array.name = name;
  const Hdf5Handle dataset(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT), H5Dclose,
                           "open array " + name);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose, "read an array's type");
  if (H5Tget_class(type.id()) != H5T_FLOAT) refuse(name, "its values are no floats");
  array.values.resize(read_shape(dataset.id(), file_size, array));
  const Facts texts = read_hdf5_texts(dataset.id());
  array.unit = text_of(texts, "UNIT");
  array.description = text_of(texts, "DESCRIPTION");
  if (!array.values.empty()) {
    hdf5_check(
        H5Dread(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()),
        "read array " + name);
  }
  return array;
}

}  // namespace polis
