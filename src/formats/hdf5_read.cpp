#include <any>
#include <array>
#include <cstring>

#include "base/error.h"
#include "formats/hdf5_array.h"
#include "formats/hdf5_handle.h"
#include "formats/hdf5_reading.h"
#include "formats/hdf5_seal.h"
#include "formats/hdf5_tables.h"
#include "formats/table_record.h"

namespace polis {
namespace {

constexpr std::size_t kMaxText = 1 << 16;  // longest text in a column or attribute [bytes]
constexpr std::size_t kMaxColumns = 4096;
constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot read " + std::string(what), why);
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

/// Text of a fixed-length scalar attribute; anything else is none of ours.
bool read_text_attribute(hid_t object, const std::string& name, std::string& text) {
  const Hdf5Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose,
                             "open attribute " + name);
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose, "read an attribute's type");
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose, "read an attribute's shape");
  const std::size_t size = H5Tget_size(type.id());
  if (H5Tget_class(type.id()) != H5T_STRING || H5Tis_variable_str(type.id()) != 0 ||
      H5Sget_simple_extent_npoints(space.id()) != 1 || size == 0 || size > kMaxText) {
    return false;
  }
  text.assign(size, '\0');
  hdf5_check(H5Aread(attribute.id(), type.id(), text.data()), "read attribute " + name);
  text = trimmed(std::move(text));
  return true;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<std::string> attribute_names(hid_t object) {
  std::vector<std::string> names;
  hsize_t position = 0;
  const auto visit = [](hid_t, const char* name, const H5A_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  hdf5_check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &position, visit, &names),
             "list attributes");
  return names;
}

/// All text attributes whose name begins with `prefix`.
Facts read_facts(hid_t object, std::string_view prefix) {
  Facts facts;
  for (const std::string& name : attribute_names(object)) {
    std::string text;
    if (name.starts_with(prefix) && read_text_attribute(object, name, text))
      facts[name.substr(prefix.size())] = std::move(text);
  }
  return facts;
}

/// The empty column that a member of a row becomes.
Column column_of(hid_t row_type, unsigned member, std::size_t rows) {
  Column column;
  char* name = H5Tget_member_name(row_type, member);
  if (name == nullptr) refuse("a table", "a column has no name");
  column.name = name;
  H5free_memory(name);
  const Hdf5Handle type(H5Tget_member_type(row_type, member), H5Tclose, "read a column's type");
  const std::size_t size = H5Tget_size(type.id());
  const H5T_class_t kind = H5Tget_class(type.id());
  if (kind == H5T_FLOAT && size == sizeof(double)) {
    column.values = std::vector<double>(rows);
  } else if (kind == H5T_FLOAT) {
    column.values = std::vector<float>(rows);
  } else if (kind == H5T_INTEGER &&
             (size > 4 || (size == 4 && H5Tget_sign(type.id()) == H5T_SGN_NONE))) {
    column.values = std::vector<std::int64_t>(rows);
  } else if (kind == H5T_INTEGER || kind == H5T_ENUM) {
    column.values = std::vector<std::int32_t>(rows);
  } else if (kind == H5T_STRING && H5Tis_variable_str(type.id()) == 0 && size > 0 &&
             size <= kMaxText) {
    column.values = std::vector<std::string>(rows);
  } else {
    refuse("column " + column.name, "it is neither number nor text of fixed length");
  }
  return column;
}

/// The type in memory into which HDF5 converts the column.
Hdf5Handle memory_type(const Column& column, hid_t row_type, unsigned member) {
  static const std::array<hid_t, 4> numbers{H5T_NATIVE_DOUBLE, H5T_NATIVE_FLOAT, H5T_NATIVE_INT64,
                                            H5T_NATIVE_INT32};
  if (column.values.index() < numbers.size())
    return {H5Tcopy(numbers.at(column.values.index())), H5Tclose, "copy a type"};
  return {H5Tget_member_type(row_type, member), H5Tclose, "read a column's type"};
}

void describe(hid_t dataset, const std::vector<std::string>& attributes, const char* suffix,
              const std::string& name, std::string& text) {
  const std::string wanted = name + suffix;
  for (const std::string& have : attributes) {
    if (have == wanted) read_text_attribute(dataset, wanted, text);
  }
}

Column read_column(hid_t dataset, hid_t row_type, unsigned member, std::size_t rows) {
  Column column = column_of(row_type, member, rows);
  const Hdf5Handle type = memory_type(column, row_type, member);
  const std::size_t size = H5Tget_size(type.id());
  const Hdf5Handle one(H5Tcreate(H5T_COMPOUND, size), H5Tclose, "make a row type");
  hdf5_check(H5Tinsert(one.id(), column.name.c_str(), 0, type.id()), "name a column");
  Bytes packed(rows * size);
  if (rows > 0) {
    hdf5_check(H5Dread(dataset, one.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data()),
               "read column " + column.name);
  }
  unpack_column(column, packed, size, 0, size);
  return column;
}

std::size_t rows_of(hid_t dataset, const std::string& name, std::size_t row_size,
                    std::size_t file_size) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose, "read a table's shape");
  if (H5Sget_simple_extent_ndims(space.id()) != 1)
    refuse("table " + name, "it has not one dimension");
  hsize_t rows = 0;
  if (H5Sget_simple_extent_dims(space.id(), &rows, nullptr) < 0)
    refuse("table " + name, "its length cannot be read");
  // Deflated tables may be larger than their file, but not a thousand times.
  if (row_size == 0 || rows > file_size * 1000 / row_size)
    refuse("table " + name, "it claims more rows than the file can hold");
  return static_cast<std::size_t>(rows);
}

Table read_table(const Hdf5Handle& file, const std::string& name, std::size_t file_size) {
  const Hdf5Handle dataset(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT), H5Dclose,
                           "open table " + name);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose, "read a table's type");
  if (H5Tget_class(type.id()) != H5T_COMPOUND) refuse("table " + name, "its rows are no records");
  const int columns = H5Tget_nmembers(type.id());
  if (columns < 1 || static_cast<std::size_t>(columns) > kMaxColumns)
    refuse("table " + name, "it has no or too many columns");
  const std::size_t rows = rows_of(dataset.id(), name, H5Tget_size(type.id()), file_size);
  const std::vector<std::string> attributes = attribute_names(dataset.id());
  Table table(name);
  for (unsigned member = 0; member < static_cast<unsigned>(columns); ++member) {
    Column column = read_column(dataset.id(), type.id(), member, rows);
    describe(dataset.id(), attributes, "_UNIT", column.name, column.unit);
    describe(dataset.id(), attributes, "_UCD", column.name, column.ucd);
    describe(dataset.id(), attributes, "_DESCRIPTION", column.name, column.description);
    table.add(std::move(column));
  }
  table.facts = read_facts(dataset.id(), "FACT_");
  return table;
}

}  // namespace

Facts read_hdf5_texts(hid_t object) { return read_facts(object, ""); }

std::vector<std::string> hdf5_table_names(const Hdf5Handle& file) {
  const Hdf5Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "open the root");
  std::vector<std::string> names;
  std::string listed;
  if (H5Aexists(root.id(), "TABLES") > 0 && read_text_attribute(root.id(), "TABLES", listed))
    return lines_of(listed);
  std::vector<std::string> links;
  hsize_t position = 0;
  const auto visit = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  hdf5_check(H5Literate(root.id(), H5_INDEX_NAME, H5_ITER_INC, &position, visit, &links),
             "list the tables");
  for (const std::string& link : links) {
    H5O_info_t info;
    const bool good =
        H5Oget_info_by_name2(file.id(), link.c_str(), &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0;
    if (!good || info.type != H5O_TYPE_DATASET) continue;
    const Hdf5Handle dataset(H5Dopen2(file.id(), link.c_str(), H5P_DEFAULT), H5Dclose,
                             "open " + link);
    const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose, "read a type");
    if (H5Tget_class(type.id()) == H5T_COMPOUND) names.push_back(link);
  }
  return names;
}

TableSet read_tables(ByteView bytes, Facts& provenance) {
  if (bytes.size() < kSignature.size() ||
      as_text(bytes).substr(0, kSignature.size()) != kSignature) {
    refuse("tables", "the bytes do not begin like an HDF5 file");
  }
  check_seal(bytes);
  const auto lock = hdf5_lock();
  const Hdf5Handle file = open_hdf5_in_memory(bytes);
  const Hdf5Handle root(H5Gopen2(file.id(), "/", H5P_DEFAULT), H5Gclose, "open the root");
  TableSet tables;
  tables.facts = read_facts(root.id(), "FACT_");
  provenance = read_facts(root.id(), "PROVENANCE_");
  for (const std::string& name : hdf5_table_names(file))
    tables.tables.push_back(read_table(file, name, bytes.size()));
  std::string arrays;
  if (H5Aexists(root.id(), "ARRAYS") > 0 && read_text_attribute(root.id(), "ARRAYS", arrays)) {
    for (const std::string& name : lines_of(arrays))
      tables.arrays.push_back(read_hdf5_array(file, name, bytes.size()));
  }
  return tables;
}

std::any decode_tables(ByteView bytes, Facts& provenance) { return read_tables(bytes, provenance); }

}  // namespace polis
