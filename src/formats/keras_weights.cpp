#include <algorithm>

#include "base/error.h"
#include "formats/hdf5_handle.h"
#include "formats/keras_parts.h"

namespace polis {
namespace {

constexpr std::size_t kMostNames = 100000;
constexpr std::size_t kMostText = std::size_t{64} << 20;  // of one attribute [bytes]
constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read Keras weights", why);
}

std::string cut_at_nul(const char* text, std::size_t most) {
  return {text, std::find(text, text + most, '\0')};
}

std::vector<std::string> read_fixed(hid_t attribute, hid_t type, std::size_t count) {
  const std::size_t size = H5Tget_size(type);
  if (size == 0 || size > kMostText / std::max<std::size_t>(count, 1)) refuse("a text is too long");
  std::string all(size * count, '\0');
  hdf5_check(H5Aread(attribute, type, all.data()), "read an attribute");
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(cut_at_nul(&all[i * size], size));
  return texts;
}

std::vector<std::string> read_variable(hid_t attribute, hid_t type, hid_t space,
                                       std::size_t count) {
  std::vector<char*> pointers(count, nullptr);
  hdf5_check(H5Aread(attribute, type, pointers.data()), "read an attribute");
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
  return texts;
}

/// A scalar or list of texts of either sort; empty if the attribute is absent or holds no text.
std::vector<std::string> read_texts(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) return {};
  const Hdf5Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, "open an attribute");
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose, "read an attribute's type");
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose, "read an attribute's shape");
  const hssize_t points = H5Sget_simple_extent_npoints(space.id());
  if (points < 0 || static_cast<std::size_t>(points) > kMostNames)
    refuse("an attribute lists too many names");
  if (points == 0 || H5Tget_class(type.id()) != H5T_STRING) return {};
  const auto count = static_cast<std::size_t>(points);
  return H5Tis_variable_str(type.id()) > 0
             ? read_variable(attribute.id(), type.id(), space.id(), count)
             : read_fixed(attribute.id(), type.id(), count);
}

Tensor read_tensor(hid_t group, const std::string& name, std::size_t file_size) {
  const Hdf5Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose,
                           "open weight " + name.substr(0, 200));
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose, "read a weight's type");
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose, "read a weight's shape");
  const int axes = H5Sget_simple_extent_ndims(space.id());
  if (H5Tget_class(type.id()) != H5T_FLOAT || axes < 0 || axes > 8)
    refuse("weight " + name.substr(0, 200) + " holds no real numbers or has too many axes");
  std::vector<hsize_t> extents(static_cast<std::size_t>(axes));
  hdf5_check(H5Sget_simple_extent_dims(space.id(), extents.data(), nullptr), "read a shape");
  Tensor tensor;
  for (const hsize_t extent : extents) tensor.shape.push_back(static_cast<std::int64_t>(extent));
  const std::int64_t count = elements_of(tensor.shape);
  // A deflated file may be smaller than its weights, but not a thousand times.
  if (count < 0 || static_cast<std::size_t>(count) > file_size * 1000 / sizeof(float))
    refuse("weight " + name.substr(0, 200) + " claims more values than the file can hold");
  tensor.values.resize(static_cast<std::size_t>(count));
  if (count > 0) {
    hdf5_check(H5Dread(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                       tensor.values.data()),
               "read weight " + name.substr(0, 200));
  }
  return tensor;
}

/// "bidirectional/forward_lstm/lstm_cell/kernel:0" of layer L becomes "L/forward/kernel".
std::string tensor_name(const std::string& layer, const std::string& weight) {
  const std::size_t slash = weight.rfind('/');
  const std::string path = slash == std::string::npos ? "" : weight.substr(0, slash);
  std::string last = weight.substr(slash == std::string::npos ? 0 : slash + 1);
  last = last.substr(0, last.rfind(':'));
  std::string half;
  if (path.find("/forward_") != std::string::npos) half = "forward/";
  if (path.find("/backward_") != std::string::npos) half = "backward/";
  return layer + "/" + half + last;
}

}  // namespace

KerasWeights read_keras_weights(ByteView bytes) {
  if (bytes.size() < kSignature.size() ||
      as_text(bytes).substr(0, kSignature.size()) != kSignature) {
    refuse("the bytes do not begin like an HDF5 file");
  }
  const auto lock = hdf5_lock();
  const Hdf5Handle file = open_hdf5_in_memory(bytes);
  const Hdf5Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "open the root");
  KerasWeights weights;
  const std::vector<std::string> config = read_texts(root.id(), "model_config");
  if (config.size() == 1) weights.architecture = config.front();
  const bool inside = H5Lexists(root.id(), "model_weights", H5P_DEFAULT) > 0;
  const Hdf5Handle all(H5Gopen2(root.id(), inside ? "model_weights" : "/", H5P_DEFAULT), H5Gclose,
                       "open the weights");
  const std::vector<std::string> layers = read_texts(all.id(), "layer_names");
  if (layers.empty()) refuse("attribute layer_names is missing or empty");
  for (const std::string& layer : layers) {
    const Hdf5Handle group(H5Gopen2(all.id(), layer.c_str(), H5P_DEFAULT), H5Gclose,
                           "open layer " + layer.substr(0, 200));
    for (const std::string& weight : read_texts(group.id(), "weight_names"))
      weights.tensors[tensor_name(layer, weight)] = read_tensor(group.id(), weight, bytes.size());
  }
  return weights;
}

}  // namespace polis
