#include "ledger/ledger_reader.h"

#include "ledger/load.h"
#include "ledger/sqlite.h"

namespace polis {
namespace {

JobState state_at(const Statement& row, int column) {
  const std::int64_t state = row.integer(column);
  if (state < 0 || state > static_cast<int>(JobState::expired)) {
    throw Error(ErrorKind::damaged, "cannot read the ledger", "it has a job in an unknown state");
  }
  return static_cast<JobState>(state);
}

class SqliteReader final : public LedgerReader {
 public:
  explicit SqliteReader(const std::string& path) : database_(path, Database::Mode::read) {}

  std::map<JobState, std::uint64_t> jobs_by_state() const override {
    std::map<JobState, std::uint64_t> counts;
    for (const auto& [task, states] : jobs_by_task()) {
      for (const auto& [state, count] : states) counts[state] += count;
    }
    return counts;
  }

  std::map<std::string, std::map<JobState, std::uint64_t>> jobs_by_task() const override {
    Statement query(
        database_,
        "SELECT t.text, coalesce(r.state, 0), count(*) FROM jobs j JOIN texts t ON t.id = j.task"
        " LEFT JOIN results r ON r.job = j.id GROUP BY 1, 2");
    std::map<std::string, std::map<JobState, std::uint64_t>> counts;
    while (query.step()) {
      counts[std::string(query.text(0))][state_at(query, 1)] =
          static_cast<std::uint64_t>(query.integer(2));
    }
    return counts;
  }

  void each_job(std::string_view task, std::optional<JobState> state,
                const std::function<void(const JobView&)>& visit) const override {
    Statement query(
        database_,
        "SELECT j.id, j.key, t.text, coalesce(g.text, ''), j.label, coalesce(r.state, 0), r.error,"
        " r.reason, r.output, coalesce(r.output_bytes, 0), coalesce(r.attempts, 0),"
        " coalesce(r.round, 0), coalesce(r.wall_s, 0) FROM jobs j JOIN texts t ON t.id = j.task"
        " LEFT JOIN texts g ON g.id = j.job_group LEFT JOIN results r ON r.job = j.id"
        " WHERE (?1 = '' OR t.text = ?1) AND (?2 < 0 OR coalesce(r.state, 0) = ?2) ORDER BY j.id");
    query.bind(task).bind(state ? static_cast<std::int64_t>(*state) : std::int64_t{-1});
    while (query.step()) visit(job_at(query));
  }

  void each_request(const std::function<void(const RequestView&)>& visit) const override {
    Statement query(database_,
                    "SELECT q.job, q.parent, t.text, q.label, q.reason, q.priority, q.deadline_mjd,"
                    " coalesce(r.state, 0) FROM requests q JOIN jobs j ON j.id = q.job JOIN texts "
                    "t ON t.id = j.task"
                    " LEFT JOIN results r ON r.job = q.job ORDER BY q.job, q.parent");
    while (query.step()) {
      visit({static_cast<JobId>(query.integer(0)), static_cast<JobId>(query.integer(1)),
             std::string(query.text(2)), std::string(query.text(3)), std::string(query.text(4)),
             static_cast<int>(query.integer(5)), query.real(6), state_at(query, 7)});
    }
  }

  std::vector<RoundSummary> rounds() const override {
    Statement query(
        database_,
        "SELECT round, closed, jobs, done, failed, asked, admitted, dropped, wall_s, busy_s, idle_s"
        " FROM rounds ORDER BY round");
    std::vector<RoundSummary> rounds;
    while (query.step()) {
      const auto count = [&](int column) {
        return static_cast<std::uint64_t>(query.integer(column));
      };
      rounds.push_back({static_cast<int>(query.integer(0)), query.integer(1) != 0, count(2),
                        count(3), count(4), count(5), count(6), count(7), query.real(8),
                        query.real(9), query.real(10)});
    }
    return rounds;
  }

  std::vector<DroppedView> dropped() const override {
    Statement query(database_,
                    "SELECT cause, sum(count) FROM dropped GROUP BY cause ORDER BY cause");
    std::vector<DroppedView> rows;
    while (query.step())
      rows.push_back({std::string(query.text(0)), static_cast<std::uint64_t>(query.integer(1))});
    return rows;
  }

  std::vector<Digest> manifests(int round) const override {
    Statement query(database_, "SELECT digest FROM manifests WHERE round = ? ORDER BY id");
    query.bind(static_cast<std::int64_t>(round));
    std::vector<Digest> digests;
    while (query.step()) digests.push_back(query.digest(0));
    return digests;
  }

  Digest output_of(const Digest& key) const override {
    Statement query(database_,
                    "SELECT r.output FROM jobs j JOIN results r ON r.job = j.id WHERE j.key = ?");
    query.bind(key);
    return query.step() ? query.digest(0) : Digest{};
  }

 private:
  static JobView job_at(const Statement& row) {
    JobView job;
    job.id = static_cast<JobId>(row.integer(0));
    job.key = row.digest(1);
    job.task = row.text(2);
    job.group = row.text(3);
    job.label = row.text(4);
    job.state = state_at(row, 5);
    job.error = row.text(6);
    job.reason = row.text(7);
    job.output = row.digest(8);
    job.output_bytes = static_cast<std::uint64_t>(row.integer(9));
    job.attempts = static_cast<int>(row.integer(10));
    job.round = static_cast<int>(row.integer(11));
    job.wall_s = row.real(12);
    return job;
  }

  Database database_;
};

}  // namespace

std::unique_ptr<LedgerReader> LedgerReader::open(const std::string& path) {
  return std::make_unique<SqliteReader>(path);
}

}  // namespace polis
