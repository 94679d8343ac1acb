#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lake/lake.h"
#include "ledger/ledger.h"
#include "ledger/ledger_reader.h"

namespace polis {

/// Where a city keeps its things: CITY/lake, CITY/ledger.sqlite, CITY/reference (digest of the
/// reference catalogue), CITY/model (digest of the network that judges candidates), CITY/rejected
/// (copies of files that could not be read, each with its reason).
class City {
 public:
  /// Errors: not_found unless the folder holds a city, or `create` is true.
  static City open(const std::string& root, bool create);

  const std::string& root() const { return root_; }
  std::string lake_root() const { return root_ + "/lake"; }
  std::string ledger_path() const { return root_ + "/ledger.sqlite"; }
  std::string rejected_root() const { return root_ + "/rejected"; }
  std::unique_ptr<Lake> lake() const { return open_disk_lake(lake_root()); }
  std::unique_ptr<Ledger> ledger() const { return Ledger::open(ledger_path()); }
  /// Errors: not_found if nothing was run yet.
  std::unique_ptr<LedgerReader> ledger_reader() const;

  std::optional<Digest> reference() const { return noted("reference"); }
  void set_reference(const Digest& digest) const { note("reference", digest); }
  /// The network that judges candidates.
  std::optional<Digest> model() const { return noted("model"); }
  void set_model(const Digest& digest) const { note("model", digest); }
  /// Sets a copy of a file aside with the reason why it was refused. The same bytes again change
  /// nothing.
  void reject(std::string_view name, ByteView bytes, std::string_view reason) const;
  /// Number of files set aside.
  std::size_t rejected() const;

 private:
  explicit City(std::string root) : root_(std::move(root)) {}
  std::optional<Digest> noted(const std::string& what) const;
  void note(const std::string& what, const Digest& digest) const;
  std::string root_;
};

}  // namespace polis
