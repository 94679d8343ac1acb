#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace polis {

/// One SQLite connection. Errors of all: io, no_space, damaged, with SQLite's message.
class Database {
 public:
  enum class Mode : std::uint8_t { write, read };
  Database(const std::string& path, Mode mode);
  void run(const std::string& sql) const;
  sqlite3* get() const { return handle_.get(); }
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement: bind in order, then step; `restart` to use it again.
/// Text and blobs are bound without a copy: they must live until the next restart.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_or_null(std::string_view text);  ///< empty: NULL
  Statement& bind(ByteView blob);
  /// A zero digest is NULL.
  Statement& bind(const Digest& digest);

  /// True: a row is there to be read.
  bool step();
  /// Runs a statement that gives no rows and makes it ready for the next binding.
  void run() {
    step();
    restart();
  }
  void restart();

  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  double real(int column) const { return sqlite3_column_double(handle_.get(), column); }
  std::string_view text(int column) const;
  ByteView blob(int column) const;
  Digest digest(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int next_ = 1;
};

}  // namespace polis
