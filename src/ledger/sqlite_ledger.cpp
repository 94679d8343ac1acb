#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "ledger/ledger.h"
#include "ledger/load.h"
#include "ledger/lock.h"
#include "ledger/sqlite.h"

namespace polis {
namespace {

double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t whole(auto value) { return static_cast<std::int64_t>(value); }

void set_pragmas(Database& database) {
  // Not WAL: it is unsafe on file systems that hosts share. EXTRA also flushes the folder of the
  // journal.
  database.run(
      "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA; PRAGMA cache_size = -65536;");
}

/// Statements that are prepared once; the hot ones write one row each.
struct Statements {
  explicit Statements(const Database& db)
      : text(db, "INSERT INTO texts VALUES(?, ?)"),
        job(db, "INSERT INTO jobs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        urgency(db, "UPDATE jobs SET priority = ?, deadline_mjd = ? WHERE id = ?"),
        keep(db, "UPDATE jobs SET keep = 1 WHERE id = ?"),
        spec(db, "SELECT spec FROM jobs WHERE id = ?"),
        request(db, "INSERT OR IGNORE INTO requests VALUES(?, ?, ?, ?, ?, ?)"),
        dropped(db, "INSERT OR REPLACE INTO dropped VALUES(?, ?, ?)"),
        manifest(db, "INSERT OR IGNORE INTO manifests(round, digest, requests) VALUES(?, ?, ?)"),
        success(db, "INSERT OR REPLACE INTO results VALUES(?, 1, ?, ?, ?, NULL, NULL, ?, ?, ?, ?)"),
        failure(db, "INSERT OR REPLACE INTO results VALUES(?, 0, ?, ?, ?, ?, ?, NULL, 0, NULL, 0)"),
        attempt(db, "INSERT INTO attempts VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?)"),
        state(db,
              "INSERT INTO results VALUES(?1, ?2, 0, 0, 0, NULL, ?3, NULL, 0, NULL, 0)"
              " ON CONFLICT(job) DO UPDATE SET state = ?2, reason = coalesce(?3, reason)"),
        begin_round(db, "INSERT INTO rounds VALUES(?, 0, ?, 0, 0, 0, 0, 0, ?, 0, 0, 0)"),
        order(db, "INSERT INTO orders VALUES(?, ?, ?)"),
        close_round(db,
                    "UPDATE rounds SET closed = 1, done = ?, failed = ?, asked = ?, admitted = ?, "
                    "dropped = ?,"
                    " wall_s = ?, busy_s = ?, idle_s = ? WHERE round = ?"),
        begin_session(db, "INSERT INTO sessions VALUES(?, ?, ?, ?, ?, NULL)"),
        end_session(db, "UPDATE sessions SET ended_unix = ? WHERE id = ?"),
        last_session(db, "SELECT coalesce(max(id), 0) FROM sessions") {}
  Statement text, job, urgency, keep, spec, request, dropped, manifest, success, failure, attempt,
      state, begin_round, order, close_round, begin_session, end_session, last_session;
};

class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(const std::string& path, std::unique_ptr<MasterLock> lock)
      : lock_(std::move(lock)), database_(path, Database::Mode::write) {
    set_pragmas(database_);
    prepare_schema(database_);
    loaded_ = load_ledger(database_);
    statements_ = std::make_unique<Statements>(database_);
    written_texts_ = loaded_.book.texts();
    statements_->last_session.step();
    session_ = statements_->last_session.integer(0);
    statements_->last_session.restart();
  }

  const JobBook& book() const override { return loaded_.book; }

  JobId add_job(const NewJob& job) override {
    begin();
    Job row;
    row.key = job.key;
    row.task = intern(job.task);
    row.group = intern(job.group);
    row.depth = static_cast<std::uint16_t>(job.depth);
    row.priority = job.priority;
    row.cost = static_cast<float>(job.cost);
    row.deadline_mjd = job.deadline_mjd;
    row.keep = job.keep;
    row.tolerant = job.tolerant;
    const Bytes sources = pack_ids(job.sources);
    const JobId id = loaded_.book.last() + 1;
    statements_->job.bind(whole(id))
        .bind(job.key)
        .bind(whole(row.task))
        .bind(whole(row.group))
        .bind(job.label);
    statements_->job.bind(whole(job.depth))
        .bind(whole(job.priority))
        .bind(static_cast<double>(row.cost));
    statements_->job.bind(job.deadline_mjd).bind(whole(job.keep)).bind(whole(job.tolerant));
    statements_->job.bind(ByteView(sources)).bind(job.spec).run();
    return loaded_.book.add(row, job.sources);
  }

  bool add_request(const NewRequest& request) override {
    begin();
    statements_->request.bind(whole(request.job))
        .bind(whole(request.parent))
        .bind(whole(request.priority));
    statements_->request.bind(request.deadline_mjd).bind(request.reason).bind(request.label).run();
    if (sqlite3_changes(database_.get()) == 0) return false;
    raise_urgency(request);
    return true;
  }

  void keep_output(JobId job) override {
    begin();
    statements_->keep.bind(whole(job)).run();
    Job& row = loaded_.book.at(job);
    row.keep = true;
    if (row.state == JobState::done && row.output.is_zero()) set_state(job, JobState::waiting, {});
  }

  void count_dropped(JobId parent, std::string_view cause, std::uint64_t count) override {
    begin();
    statements_->dropped.bind(whole(parent)).bind(cause).bind(whole(count)).run();
  }

  void add_manifest(int round, const Digest& manifest, std::uint64_t requests) override {
    begin();
    statements_->manifest.bind(whole(round)).bind(manifest).bind(whole(requests)).run();
  }

  Bytes spec(JobId job) const override {
    begin();  // outside a transaction each reading would lock and look at the file anew
    Statement& query = statements_->spec;
    query.bind(whole(job));
    const bool found = query.step();
    const ByteView view = found ? query.blob(0) : ByteView{};
    Bytes bytes(view.begin(), view.end());
    query.restart();
    if (!found)
      throw Error(ErrorKind::not_found, "cannot find job " + std::to_string(job),
                  "not in the ledger");
    return bytes;
  }

  std::optional<RoundRecord> open_round() const override { return loaded_.open_round; }
  int last_round() const override { return loaded_.last_round; }

  void begin_round(const RoundRecord& round, std::uint64_t jobs) override {
    begin();
    statements_->begin_round.bind(whole(round.round)).bind(whole(jobs)).bind(unix_now()).run();
    for (std::size_t i = 0; i < round.orders.size(); ++i) {
      statements_->order.bind(whole(round.round)).bind(whole(i)).bind(round.orders[i]).run();
    }
    loaded_.open_round = round;
    loaded_.last_round = round.round;
  }

  void record(const Outcome& outcome) override {
    begin();
    Job& job = loaded_.book.at(outcome.job);
    if (job.attempts < 255) ++job.attempts;
    const std::int64_t round = loaded_.last_round;
    const std::string_view error = outcome.ok ? std::string_view{} : name_of(outcome.error);
    statements_->attempt.bind(whole(outcome.job))
        .bind(round)
        .bind(session_)
        .bind(whole(outcome.worker));
    statements_->attempt.bind(unix_now())
        .bind(outcome.wall_s)
        .bind_or_null(error)
        .bind_or_null(outcome.reason)
        .run();
    Statement& row = outcome.ok ? statements_->success : statements_->failure;
    row.bind(whole(outcome.job)).bind(whole(job.attempts)).bind(round).bind(outcome.wall_s);
    if (outcome.ok) {
      row.bind(outcome.output).bind(whole(outcome.output_bytes)).bind(outcome.requests);
      row.bind(whole(outcome.request_count)).run();
      job.state = JobState::done;
      job.output = outcome.output;
      if (!outcome.requests.is_zero()) loaded_.asking.push_back({outcome.job, outcome.requests});
    } else {
      row.bind(error).bind(std::string_view(outcome.reason)).run();
    }
  }

  std::vector<Asking> asking() const override {
    std::vector<Asking> sorted = loaded_.asking;
    std::sort(sorted.begin(), sorted.end(),
              [](const Asking& a, const Asking& b) { return a.job < b.job; });
    return sorted;
  }

  void close_round(const RoundSummary& summary) override {
    begin();
    Statement& row = statements_->close_round;
    row.bind(whole(summary.done)).bind(whole(summary.failed)).bind(whole(summary.asked));
    row.bind(whole(summary.admitted)).bind(whole(summary.dropped)).bind(summary.wall_s);
    row.bind(summary.busy_s).bind(summary.idle_s).bind(whole(summary.round)).run();
    loaded_.open_round.reset();
    loaded_.asking.clear();
  }

  void set_state(JobId job, JobState state, std::string_view reason) override {
    begin();
    Statement& row = statements_->state;
    row.bind(whole(job))
        .bind(whole(state))
        .bind_or_null(reason)
        .run();  // NULL leaves the reason as it is
    loaded_.book.at(job).state = state;
  }

  std::uint64_t release_held(std::string_view task_or_key) override {
    std::uint64_t released = 0;
    for (JobId id = 1; id <= loaded_.book.last(); ++id) {
      const Job& job = loaded_.book.at(id);
      const bool named = task_or_key.empty() || loaded_.book.text(job.task) == task_or_key ||
                         job.key.hex() == task_or_key;
      if (job.state == JobState::held && named) {
        loaded_.book.at(id).attempts = 0;
        set_state(id, JobState::waiting, "released");
        ++released;
      } else if (job.state == JobState::upstream) {
        set_state(id, JobState::waiting, {});  // the next plan says again what is still blocked
      }
    }
    return released;
  }

  std::uint64_t forget_outputs(std::span<const Digest> lost) override {
    const std::unordered_set<Digest> gone(lost.begin(), lost.end());
    std::uint64_t count = 0;
    for (JobId id = 1; id <= loaded_.book.last(); ++id) {
      const Job& job = loaded_.book.at(id);
      if (job.state != JobState::done || job.output.is_zero() || !gone.contains(job.output))
        continue;
      set_state(id, JobState::waiting, "its output is no longer in the lake");
      ++count;
    }
    return count;
  }

  void begin_session(std::string_view host, std::string_view version,
                     std::size_t workers) override {
    begin();
    ++session_;
    statements_->begin_session.bind(session_)
        .bind(host)
        .bind(version)
        .bind(whole(workers))
        .bind(unix_now())
        .run();
  }

  void end_session() override {
    begin();
    statements_->end_session.bind(unix_now()).bind(session_).run();
  }

  void commit() override {
    if (!in_transaction_) return;
    database_.run("COMMIT");
    in_transaction_ = false;
  }

 private:
  void begin() const {
    if (in_transaction_) return;
    database_.run("BEGIN IMMEDIATE");
    in_transaction_ = true;
  }

  std::uint32_t intern(std::string_view text) {
    const std::uint32_t index = loaded_.book.intern(text);
    if (index >= written_texts_) {
      statements_->text.bind(whole(index)).bind(text).run();
      written_texts_ = index + 1;
    }
    return index;
  }

  void raise_urgency(const NewRequest& request) {
    Job& job = loaded_.book.at(request.job);
    const int priority = std::max(job.priority, request.priority);
    const bool later = job.deadline_mjd > 0.0 &&
                       (request.deadline_mjd == 0.0 || request.deadline_mjd > job.deadline_mjd);
    if (priority == job.priority && !later) return;
    job.priority = priority;
    if (later) job.deadline_mjd = request.deadline_mjd;
    statements_->urgency.bind(whole(priority))
        .bind(job.deadline_mjd)
        .bind(whole(request.job))
        .run();
  }

  std::unique_ptr<MasterLock> lock_;
  Database database_;
  LoadedLedger loaded_;
  std::unique_ptr<Statements> statements_;
  std::size_t written_texts_ = 0;
  std::int64_t session_ = 0;
  mutable bool in_transaction_ = false;
};

}  // namespace

std::unique_ptr<Ledger> Ledger::open(const std::string& path, double patience_s) {
  return std::make_unique<SqliteLedger>(path,
                                        std::make_unique<MasterLock>(path + ".lock", patience_s));
}

std::unique_ptr<Ledger> Ledger::open_in_memory() {
  return std::make_unique<SqliteLedger>(":memory:", nullptr);
}

}  // namespace polis
