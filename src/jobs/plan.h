#pragma once

#include <cstdint>
#include <vector>

#include "ledger/job_book.h"

namespace polis {

struct PlanSettings {
  double now_mjd = 0.0;  ///< UTC [day]; for deadlines. 0: none has passed
  std::uint32_t chain_fan_out =
      8;  ///< a kept output that more waiting jobs need than this is read from the lake
};

/// Jobs that follow each other in one rank's memory: each uses, of what is not in the lake yet,
/// only outputs of earlier steps.
struct Chain {
  std::uint32_t group = 0;
  std::int32_t priority = 0;   ///< the largest of its steps
  double cost = 0.0;           ///< of its steps and of what must be made again for them
  std::vector<JobId> steps;    ///< 1 to 64, in order
  std::vector<JobId> recipes;  ///< done jobs whose dropped outputs the steps need, in order: made
                               ///< again when opened
};

inline constexpr std::size_t kMaxChainSteps = 64;

struct RoundPlan {
  std::vector<Chain> chains;  ///< in order of their first step
  std::vector<JobId> expired;
  std::vector<JobId> upstream;  ///< waiting for something that will not come
  std::uint64_t jobs() const;
};

/// The next round: every job whose inputs are there, or are made by the chain before it. Pure.
RoundPlan decide(const JobBook& book, const PlanSettings& settings);

}  // namespace polis
