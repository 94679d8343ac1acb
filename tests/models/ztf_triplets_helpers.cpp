#include "models/ztf_triplets_helpers.h"

#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace polis::test {
namespace {

constexpr std::size_t kEdge = 63;

template <class T>
std::vector<T> read(hid_t file, const char* name, hid_t type, std::size_t count) {
  std::vector<T> values(count);
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(dataset);
  return values;
}

std::vector<std::string> read_texts(hid_t file, const char* name, std::size_t count) {
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t type = H5Dget_type(dataset);
  const std::size_t size = H5Tget_size(type);
  std::string all(size * count, '\0');
  H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, all.data());
  H5Tclose(type);
  H5Dclose(dataset);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.emplace_back(all.substr(i * size, size).c_str());
  for (std::string& text : texts) text.resize(std::min(text.size(), size));
  return texts;
}

std::size_t rows_of(hid_t file, const char* name) {
  const hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t space = H5Dget_space(dataset);
  const auto rows = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
  H5Sclose(space);
  H5Dclose(dataset);
  return rows;
}

}  // namespace

bool ZtfAlert::complete() const {
  return height == static_cast<long>(kEdge) && width == static_cast<long>(kEdge) &&
         std::all_of(stamp.begin(), stamp.end(), [](float v) { return std::isfinite(v); });
}

std::vector<ZtfAlert> read_ztf_alerts(const std::string& path) {
  if (!std::filesystem::exists(path)) return {};
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const std::size_t rows = rows_of(file, "drb");
  const auto scores = read<double>(file, "drb", H5T_NATIVE_DOUBLE, rows);
  const auto sizes = read<long>(file, "size", H5T_NATIVE_LONG, 2 * rows);
  const auto pixels = read<float>(file, "triplets", H5T_NATIVE_FLOAT, rows * kEdge * kEdge * 3);
  const auto candids = read_texts(file, "candid", rows);
  const auto versions = read_texts(file, "drbversion", rows);
  H5Fclose(file);
  std::vector<ZtfAlert> alerts(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    alerts[i] = {candids[i], versions[i], scores[i], sizes[2 * i], sizes[2 * i + 1], {}};
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t p = 0; p < kEdge * kEdge; ++p)
        alerts[i].stamp.push_back(pixels[(i * kEdge * kEdge + p) * 3 + c]);
  }
  return alerts;
}

}  // namespace polis::test
