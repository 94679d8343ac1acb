#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/ledger_reader.h"

namespace polis {

/// Jobs that failed for the same reason at the same site.
struct FailureRow {
  std::string site;  ///< first word of the job's label
  std::string task;
  std::string reason;
  std::uint64_t count = 0;
  std::string example;  ///< label of the first
};

/// What a ledger says of a city: counts, rounds, failures by site and reason.
struct Summary {
  std::map<JobState, std::uint64_t> jobs;
  std::map<std::string, std::map<JobState, std::uint64_t>> by_task;
  std::vector<RoundSummary> rounds;
  std::vector<FailureRow> failures;  ///< most frequent first
  std::vector<DroppedView> dropped;
  std::uint64_t output_bytes = 0;
  double job_seconds = 0.0;
  std::uint64_t of(JobState state) const;
};

Summary summarise(const LedgerReader& ledger);
/// For people: at most `max_failures` rows of failures.
std::string summary_text(const Summary& summary, std::size_t max_failures = 20);
/// The same as one JSON object.
std::string summary_json(const Summary& summary);

}  // namespace polis
