#include "ledger/load.h"

#include <algorithm>

#include "ledger/schema.h"

namespace polis {
namespace {

std::int64_t pragma(const Database& database, std::string_view name) {
  Statement query(database, "PRAGMA " + std::string(name));
  return query.step() ? query.integer(0) : 0;
}

[[noreturn]] void damaged(const std::string& why) {
  throw Error(ErrorKind::damaged, "cannot read the ledger", why,
              "restore it from a copy, or start a new one");
}

void load_texts(const Database& database, JobBook& book) {
  Statement query(database, "SELECT id, text FROM texts ORDER BY id");
  while (query.step()) {
    if (book.intern(query.text(1)) != query.integer(0)) damaged("its table of texts has gaps");
  }
}

void load_jobs(const Database& database, JobBook& book) {
  Statement query(database,
                  "SELECT id, key, task, job_group, depth, priority, cost, deadline_mjd, keep, "
                  "tolerant, sources"
                  " FROM jobs ORDER BY id");
  std::vector<JobId> sources;
  while (query.step()) {
    Job job;
    job.key = query.digest(1);
    job.task = static_cast<std::uint32_t>(query.integer(2));
    job.group = static_cast<std::uint32_t>(query.integer(3));
    job.depth = static_cast<std::uint16_t>(query.integer(4));
    job.priority = static_cast<std::int32_t>(query.integer(5));
    job.cost = static_cast<float>(query.real(6));
    job.deadline_mjd = query.real(7);
    job.keep = query.integer(8) != 0;
    job.tolerant = query.integer(9) != 0;
    unpack_ids(query.blob(10), sources);
    const auto id = query.integer(0);
    const auto too_large = [&](JobId source) { return source == 0 || source >= id; };
    if (id != book.last() + 1 || job.task >= book.texts() || job.group >= book.texts() ||
        std::any_of(sources.begin(), sources.end(), too_large)) {
      damaged("job " + std::to_string(id) + " is not as it was written");
    }
    book.add(job, sources);
  }
}

void load_results(const Database& database, LoadedLedger& ledger) {
  Statement query(database,
                  "SELECT job, state, attempts, round, output, requests FROM results ORDER BY job");
  const int open = ledger.open_round ? ledger.open_round->round : -1;
  while (query.step()) {
    const std::int64_t id = query.integer(0);
    const std::int64_t state = query.integer(1);
    if (id < 1 || id > ledger.book.last() || state < 0 ||
        state > static_cast<int>(JobState::expired)) {
      damaged("the result of job " + std::to_string(id) + " is not as it was written");
    }
    Job& job = ledger.book.at(static_cast<JobId>(id));
    job.state = static_cast<JobState>(state);
    job.attempts = static_cast<std::uint8_t>(std::min<std::int64_t>(query.integer(2), 255));
    job.output = query.digest(4);
    const Digest requests = query.digest(5);
    if (query.integer(3) == open && !requests.is_zero()) {
      ledger.asking.push_back({static_cast<JobId>(id), requests});
    }
  }
}

void load_rounds(const Database& database, LoadedLedger& ledger) {
  Statement query(database, "SELECT round, closed FROM rounds ORDER BY round");
  while (query.step()) {
    ledger.last_round = static_cast<int>(query.integer(0));
    if (query.integer(1) == 0) ledger.open_round = RoundRecord{ledger.last_round, {}};
  }
  if (!ledger.open_round) return;
  Statement orders(database, "SELECT digest FROM orders WHERE round = ? ORDER BY number");
  orders.bind(static_cast<std::int64_t>(ledger.open_round->round));
  while (orders.step()) ledger.open_round->orders.push_back(orders.digest(0));
}

}  // namespace

Bytes pack_ids(std::span<const JobId> ids) {
  Bytes bytes;
  bytes.reserve(4 * ids.size());
  for (const JobId id : ids) {
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<std::byte>(id >> shift & 0xFFU));
  }
  return bytes;
}

void unpack_ids(ByteView bytes, std::vector<JobId>& ids) {
  ids.clear();
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    JobId id = 0;
    for (std::size_t i = 4; i-- > 0;) id = id << 8U | static_cast<JobId>(bytes[at + i]);
    ids.push_back(id);
  }
}

void prepare_schema(Database& database) {
  Statement tables(database, "SELECT count(*) FROM sqlite_master");
  tables.step();
  const bool empty = tables.integer(0) == 0;
  tables.restart();
  if (empty) {
    database.run("BEGIN IMMEDIATE;" + std::string(kLedgerSchema) +
                 "PRAGMA user_version = " + std::to_string(kLedgerVersion) +
                 "; PRAGMA application_id = " + std::to_string(kLedgerApplication) + "; COMMIT;");
    return;
  }
  if (pragma(database, "application_id") != kLedgerApplication) damaged("the file is not a ledger");
  const std::int64_t version = pragma(database, "user_version");
  if (version != kLedgerVersion) {
    throw Error(ErrorKind::bad_input, "cannot use the ledger",
                "its version is " + std::to_string(version) + ", this program's is " +
                    std::to_string(kLedgerVersion),
                "use the program that wrote it, or another folder");
  }
}

LoadedLedger load_ledger(const Database& database) {
  LoadedLedger ledger;
  load_rounds(database, ledger);
  load_texts(database, ledger.book);
  load_jobs(database, ledger.book);
  load_results(database, ledger);
  return ledger;
}

}  // namespace polis
