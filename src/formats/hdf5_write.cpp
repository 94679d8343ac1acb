#include <algorithm>
#include <any>
#include <bit>
#include <type_traits>

#include "base/error.h"
#include "formats/hdf5_array.h"
#include "formats/hdf5_handle.h"
#include "formats/hdf5_seal.h"
#include "formats/hdf5_tables.h"
#include "formats/table_record.h"

namespace polis {
namespace {

static_assert(std::endian::native == std::endian::little,
              "rows are packed in the byte order of the file");

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::string_view kFactPrefix = "FACT_";
constexpr std::string_view kProvenancePrefix = "PROVENANCE_";

void check_name(std::string_view name) {
  const bool good = !name.empty() && name.size() < 256 &&
                    name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos &&
                    name != "." && name != "..";
  if (!good)
    throw Error(ErrorKind::internal, "cannot write a table or column",
                std::string(name) + " is no name");
}

Hdf5Handle file_type(const Column& column, std::size_t size) {
  return std::visit(
      [&](const auto& values) {
        using Value = typename std::decay_t<decltype(values)>::value_type;
        hid_t id = H5T_STD_I32LE;
        if constexpr (std::is_same_v<Value, double>) id = H5T_IEEE_F64LE;
        if constexpr (std::is_same_v<Value, float>) id = H5T_IEEE_F32LE;
        if constexpr (std::is_same_v<Value, std::int64_t>) id = H5T_STD_I64LE;
        if constexpr (std::is_same_v<Value, std::string>) id = H5T_C_S1;
        Hdf5Handle type(H5Tcopy(id), H5Tclose, "copy a type");
        if constexpr (std::is_same_v<Value, std::string>) {
          hdf5_check(H5Tset_size(type.id(), size), "size a text column");
          hdf5_check(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "pad a text column");
        }
        return type;
      },
      column.values);
}

Hdf5Handle row_type(const Table& table, const RecordLayout& layout) {
  Hdf5Handle type(H5Tcreate(H5T_COMPOUND, layout.row_size), H5Tclose, "make a row type");
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    const Column& column = table.columns()[c];
    check_name(column.name);
    const Hdf5Handle member = file_type(column, layout.sizes[c]);
    hdf5_check(H5Tinsert(type.id(), column.name.c_str(), layout.offsets[c], member.id()),
               "add column " + column.name);
  }
  return type;
}

void write_facts(hid_t object, std::string_view prefix, const Facts& facts) {
  for (const auto& [name, text] : facts) write_hdf5_text(object, std::string(prefix) + name, text);
}

void write_table_attributes(hid_t dataset, const Table& table) {
  write_hdf5_text(dataset, "CLASS", "TABLE");
  write_hdf5_text(dataset, "VERSION", "2.6");
  write_hdf5_text(dataset, "TITLE", table.name());
  write_hdf5_integer(dataset, "NROWS", static_cast<long long>(table.rows()));
  for (std::size_t c = 0; c < table.columns().size(); ++c) {
    const Column& column = table.columns()[c];
    write_hdf5_text(dataset, "FIELD_" + std::to_string(c) + "_NAME", column.name);
    if (!column.unit.empty()) write_hdf5_text(dataset, column.name + "_UNIT", column.unit);
    if (!column.ucd.empty()) write_hdf5_text(dataset, column.name + "_UCD", column.ucd);
    if (!column.description.empty())
      write_hdf5_text(dataset, column.name + "_DESCRIPTION", column.description);
  }
  write_facts(dataset, kFactPrefix, table.facts);
}

/// Rows go in one chunk per write: a row per write is hundreds of times slower.
void write_rows(const Hdf5Handle& dataset, const Hdf5Handle& type, const Table& table,
                const RecordLayout& layout, std::size_t step) {
  const Hdf5Handle file_space(H5Dget_space(dataset.id()), H5Sclose, "read a table's shape");
  for (std::size_t first = 0; first < table.rows(); first += step) {
    const std::size_t last = std::min(table.rows(), first + step);
    const Bytes rows = pack_rows(table, layout, first, last);
    const hsize_t start = first;
    const hsize_t count = last - first;
    hdf5_check(
        H5Sselect_hyperslab(file_space.id(), H5S_SELECT_SET, &start, nullptr, &count, nullptr),
        "choose rows");
    const Hdf5Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose, "describe rows");
    hdf5_check(
        H5Dwrite(dataset.id(), type.id(), memory.id(), file_space.id(), H5P_DEFAULT, rows.data()),
        "write rows");
  }
}

void write_table(const Hdf5Handle& file, const Table& table) {
  check_name(table.name());
  if (table.columns().empty())
    throw Error(ErrorKind::internal, "cannot write table " + table.name(), "it has no columns");
  const RecordLayout layout = record_layout(table);
  const Hdf5Handle type = row_type(table, layout);
  const std::size_t step = std::clamp<std::size_t>(kChunkBytes / layout.row_size, 1,
                                                   std::max<std::size_t>(table.rows(), 1));
  const hsize_t rows = table.rows();
  const hsize_t endless = H5S_UNLIMITED;
  const hsize_t chunk = step;
  const Hdf5Handle space(H5Screate_simple(1, &rows, &endless), H5Sclose, "shape a table");
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "make properties");
  hdf5_check(H5Pset_chunk(creation.id(), 1, &chunk), "cut a table into chunks");
  // The last chunk may be part empty: its unused rows must be zeros, not what the memory held
  // before.
  hdf5_check(H5Pset_fill_time(creation.id(), H5D_FILL_TIME_ALLOC), "fill unused rows");
  hdf5_check(H5Pset_obj_track_times(creation.id(), false), "leave out times");
  const Hdf5Handle dataset(H5Dcreate2(file.id(), table.name().c_str(), type.id(), space.id(),
                                      H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                           H5Dclose, "create table " + table.name());
  write_table_attributes(dataset.id(), table);
  write_rows(dataset, type, table, layout, step);
}

}  // namespace

Bytes write_tables(const TableSet& tables, const Facts& provenance) {
  const auto lock = hdf5_lock();
  const Hdf5Handle file = create_hdf5_in_memory();
  const Hdf5Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "open the root");
  write_hdf5_text(root.id(), "CLASS", "GROUP");
  write_hdf5_text(root.id(), "VERSION", "1.0");
  write_hdf5_text(root.id(), "TITLE", "");
  write_hdf5_text(root.id(), "PYTABLES_FORMAT_VERSION", "2.1");
  write_facts(root.id(), kFactPrefix, tables.facts);
  write_facts(root.id(), kProvenancePrefix, provenance);
  std::string order;
  for (const Table& table : tables.tables) {
    write_table(file, table);
    order.append(order.empty() ? "" : "\n").append(table.name());
  }
  write_hdf5_text(root.id(), "TABLES", order);
  std::string arrays;
  for (const NumberArray& array : tables.arrays) {
    check_name(array.name);
    write_hdf5_array(file, array);
    arrays.append(arrays.empty() ? "" : "\n").append(array.name);
  }
  if (!arrays.empty()) write_hdf5_text(root.id(), "ARRAYS", arrays);
  Bytes bytes = hdf5_image(file);
  seal_tables(bytes);
  return bytes;
}

Bytes encode_tables(const std::any& tables, const Facts& provenance) {
  return write_tables(std::any_cast<const TableSet&>(tables), provenance);
}

}  // namespace polis
