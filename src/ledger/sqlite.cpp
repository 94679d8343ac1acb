#include "ledger/sqlite.h"

#include <cstring>

#include "base/error.h"

namespace polis {
namespace {

/// How long to wait for someone who reads the ledger while we commit. [ms]
constexpr int kPatienceMs = 60'000;

ErrorKind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return ErrorKind::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::damaged;
    case SQLITE_CANTOPEN:
      return ErrorKind::not_found;
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
      return ErrorKind::internal;
    default:
      return ErrorKind::io;
  }
}

}  // namespace

Database::Database(const std::string& path, Mode mode) : path_(path) {
  // Also for reading: after a crash whoever comes first must roll the journal back.
  const int create = mode == Mode::write ? SQLITE_OPEN_CREATE : 0;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail("cannot open the ledger");
  sqlite3_busy_timeout(get(), kPatienceMs);
  if (mode == Mode::read) run("PRAGMA query_only = 1");
}

void Database::run(const std::string& sql) const {
  if (sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail("cannot use the ledger");
}

void Database::fail(const std::string& problem) const {
  const int code = sqlite3_extended_errcode(get());
  throw Error(kind_of(code), problem + " " + path_, sqlite3_errmsg(get()),
              kind_of(code) == ErrorKind::no_space
                  ? "free some space and start again: nothing recorded is lost"
                  : "");
}

Statement::Statement(const Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) database.fail("cannot use the ledger");
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), next_++, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(handle_.get(), next_++, value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(handle_.get(), next_++, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_or_null(std::string_view text) {
  if (!text.empty()) return bind(text);
  sqlite3_bind_null(handle_.get(), next_++);
  return *this;
}

Statement& Statement::bind(ByteView blob) {
  sqlite3_bind_blob64(handle_.get(), next_++,
                      blob.empty() ? "" : static_cast<const void*>(blob.data()), blob.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind(const Digest& digest) {
  if (!digest.is_zero()) return bind(std::as_bytes(std::span(digest.bytes)));
  sqlite3_bind_null(handle_.get(), next_++);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    database_.fail("cannot use the ledger");
  }
  return false;
}

void Statement::restart() {
  sqlite3_reset(handle_.get());
  next_ = 1;
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

ByteView Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(handle_.get(), column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Digest Statement::digest(int column) const {
  const ByteView view = blob(column);
  Digest digest;
  if (view.empty()) return digest;
  if (view.size() != digest.bytes.size()) {
    throw Error(ErrorKind::damaged, "cannot read the ledger",
                "a digest in it does not have 32 bytes");
  }
  std::memcpy(digest.bytes.data(), view.data(), view.size());
  return digest;
}

}  // namespace polis
