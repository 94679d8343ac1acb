#include "app/city.h"

#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/error.h"

namespace polis {
namespace {

namespace fs = std::filesystem;

/// Writes under another name, then renames: a reader sees the old text or the new one.
void write_whole(const fs::path& path, ByteView bytes) {
  const fs::path temporary = path.string() + ".part";
  std::ofstream out(temporary, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code problem;
  if (out) fs::rename(temporary, path, problem);
  if (!out || problem) {
    throw Error(ErrorKind::io, "cannot write " + path.string(),
                problem ? problem.message() : "disk full or not writable",
                "free space or choose another --city");
  }
}

void make_folder(const fs::path& path) {
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem)
    throw Error(ErrorKind::io, "cannot make the folder " + path.string(), problem.message(),
                "choose another --city");
}

}  // namespace

City City::open(const std::string& root, bool create) {
  City city(root);
  if (!create && !fs::is_directory(city.lake_root())) {
    throw Error(ErrorKind::not_found, "no city in " + root, "it has no folder lake",
                "`polis ingest --city " + root + " FILES` makes one");
  }
  if (create) {
    make_folder(city.lake_root());
    make_folder(city.rejected_root());
  }
  return city;
}

std::unique_ptr<LedgerReader> City::ledger_reader() const {
  if (!fs::exists(ledger_path())) {
    throw Error(ErrorKind::not_found, "nothing was run in " + root_, "it has no ledger yet",
                "`polis run --city " + root_ + "`");
  }
  return LedgerReader::open(ledger_path());
}

std::optional<Digest> City::noted(const std::string& what) const {
  std::ifstream in(root_ + "/" + what);
  std::string hex;
  if (!(in >> hex)) return std::nullopt;
  return Digest::from_hex(hex);
}

void City::note(const std::string& what, const Digest& digest) const {
  const std::string text = digest.hex() + "\n";
  write_whole(root_ + "/" + what, as_bytes(text));
}

void City::reject(std::string_view name, ByteView bytes, std::string_view reason) const {
  make_folder(rejected_root());
  const std::string base = rejected_root() + "/" + digest_of(bytes).short_hex();
  if (!fs::exists(base + ".bytes")) write_whole(base + ".bytes", bytes);
  const std::string text = std::string(name) + "\n" + std::string(reason) + "\n";
  write_whole(base + ".reason", as_bytes(text));
}

std::size_t City::rejected() const {
  std::size_t count = 0;
  if (!fs::is_directory(rejected_root())) return 0;
  for (const auto& entry : fs::directory_iterator(rejected_root()))
    count += entry.path().extension() == ".reason" ? 1 : 0;
  return count;
}

}  // namespace polis
