#include "formats/hdf5_index.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "formats/hdf5_handle.h"
#include "formats/hdf5_reading.h"

namespace polis {
namespace {

[[noreturn]] void refuse(const std::string& what, std::string_view why) {
  throw Error(ErrorKind::bad_input, "cannot join " + what, why);
}

struct Member {
  std::string name;
  Hdf5Handle type;
};

/// One part's share of a table.
struct Share {
  std::string file;  ///< relative to the index
  hsize_t rows = 0;
};

/// A table over all parts.
struct Joined {
  std::string name;
  std::vector<Member> members;
  std::vector<Share> shares;
  Facts units;  ///< text attributes of the first part's columns
};

Hdf5Handle open_part(const std::string& path) {
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "open " + path};
}

std::vector<Member> members_of(hid_t row_type) {
  std::vector<Member> members;
  const int count = H5Tget_nmembers(row_type);
  for (unsigned m = 0; m < static_cast<unsigned>(std::max(count, 0)); ++m) {
    char* name = H5Tget_member_name(row_type, m);
    if (name == nullptr) refuse("tables", "a column has no name");
    members.push_back({name, {H5Tget_member_type(row_type, m), H5Tclose, "read a column's type"}});
    H5free_memory(name);
  }
  return members;
}

/// Widens text columns of `joined` to hold those of `part`; all else must be the same.
void widen(Joined& joined, std::vector<Member> part, const std::string& file) {
  if (part.size() != joined.members.size())
    refuse("table " + joined.name, file + " has other columns");
  for (std::size_t m = 0; m < part.size(); ++m) {
    Member& have = joined.members[m];
    if (part[m].name != have.name ||
        H5Tget_class(part[m].type.id()) != H5Tget_class(have.type.id())) {
      refuse("table " + joined.name, "column " + part[m].name + " of " + file + " differs");
    }
    if (H5Tget_size(part[m].type.id()) > H5Tget_size(have.type.id())) have = std::move(part[m]);
  }
}

void add_share(Joined& joined, const Hdf5Handle& file, const std::string& shown) {
  const Hdf5Handle dataset(H5Dopen2(file.id(), joined.name.c_str(), H5P_DEFAULT), H5Dclose,
                           "open table " + joined.name);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose, "read a table's type");
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose, "read a table's shape");
  hsize_t rows = 0;
  if (H5Tget_class(type.id()) != H5T_COMPOUND || H5Sget_simple_extent_ndims(space.id()) != 1)
    refuse(shown, "it holds no table " + joined.name);
  H5Sget_simple_extent_dims(space.id(), &rows, nullptr);
  std::vector<Member> members = members_of(type.id());
  if (joined.shares.empty()) {
    joined.members = std::move(members);
    joined.units = read_hdf5_texts(dataset.id());
  } else {
    widen(joined, std::move(members), shown);
  }
  joined.shares.push_back({shown, rows});
}

Hdf5Handle row_type_of(const Joined& joined) {
  std::size_t size = 0;
  for (const Member& member : joined.members) size += H5Tget_size(member.type.id());
  Hdf5Handle type(H5Tcreate(H5T_COMPOUND, size), H5Tclose, "make a row type");
  std::size_t offset = 0;
  for (const Member& member : joined.members) {
    hdf5_check(H5Tinsert(type.id(), member.name.c_str(), offset, member.type.id()),
               "add column " + member.name);
    offset += H5Tget_size(member.type.id());
  }
  return type;
}

void describe(hid_t dataset, const Joined& joined) {
  for (const Member& member : joined.members) {
    for (const char* suffix : {"_UNIT", "_UCD", "_DESCRIPTION"}) {
      const auto text = joined.units.find(member.name + suffix);
      if (text != joined.units.end()) write_hdf5_text(dataset, text->first, text->second);
    }
  }
  std::string files;
  std::string rows;
  for (const Share& share : joined.shares) {
    files.append(files.empty() ? "" : "\n").append(share.file);
    rows.append(rows.empty() ? "" : "\n").append(std::to_string(share.rows));
  }
  // A run of thousands of parts has more names than an attribute holds; the datasets' own layout
  // names them anyway.
  constexpr std::size_t most = 50000;
  if (files.size() < most) write_hdf5_text(dataset, "parts", files);
  if (rows.size() < most) write_hdf5_text(dataset, "part_rows", rows);
}

void write_joined(const Hdf5Handle& index, const Joined& joined) {
  hsize_t total = 0;
  for (const Share& share : joined.shares) total += share.rows;
  const Hdf5Handle type = row_type_of(joined);
  const Hdf5Handle space(H5Screate_simple(1, &total, nullptr), H5Sclose, "shape a table");
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "make properties");
  hdf5_check(H5Pset_obj_track_times(creation.id(), false), "leave out times");
  hsize_t first = 0;
  for (const Share& share : joined.shares) {
    if (share.rows == 0) continue;
    hdf5_check(
        H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, &first, nullptr, &share.rows, nullptr),
        "choose rows");
    const Hdf5Handle source(H5Screate_simple(1, &share.rows, nullptr), H5Sclose, "shape a part");
    hdf5_check(H5Pset_virtual(creation.id(), space.id(), share.file.c_str(), joined.name.c_str(),
                              source.id()),
               "join " + share.file);
    first += share.rows;
  }
  H5Sselect_all(space.id());
  const Hdf5Handle dataset(H5Dcreate2(index.id(), joined.name.c_str(), type.id(), space.id(),
                                      H5P_DEFAULT, creation.id(), H5P_DEFAULT),
                           H5Dclose, "create table " + joined.name);
  describe(dataset.id(), joined);
}

std::vector<Joined> join(const std::string& path, std::span<const std::string> parts) {
  std::vector<Joined> tables;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (const std::string& part : parts) {
    const Hdf5Handle file = open_part(part);
    const std::vector<std::string> names = hdf5_table_names(file);
    if (&part == &parts.front()) {
      for (const std::string& name : names) tables.push_back({name, {}, {}, {}});
    }
    const std::string shown =
        std::filesystem::path(part).lexically_proximate(folder.empty() ? "." : folder).string();
    for (Joined& table : tables) {
      if (std::find(names.begin(), names.end(), table.name) != names.end())
        add_share(table, file, shown);
    }
  }
  return tables;
}

}  // namespace

void write_index(const std::string& path, std::span<const std::string> parts) {
  const auto lock = hdf5_lock();
  const std::vector<Joined> tables = join(path, parts);
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "make access properties");
  hdf5_check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V110),
             "fix the format's version");
  const Hdf5Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "make creation properties");
  hdf5_check(H5Pset_obj_track_times(creation.id(), false), "leave out times");
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id());
  if (id < 0) throw Error(ErrorKind::io, "cannot write " + path, "the file cannot be created");
  const Hdf5Handle index(id, H5Fclose, "create the index");
  for (const Joined& table : tables) write_joined(index, table);
  // On a full disk only the flush tells.
  if (H5Fflush(index.id(), H5F_SCOPE_GLOBAL) < 0)
    throw Error(ErrorKind::io, "cannot write " + path, "the disk may be full");
}

}  // namespace polis
