#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.h"

namespace polis {

/// Number of a job in one ledger: 1, 2, 3 ... in the order of admission. 0: none. An input's job is
/// always smaller.
using JobId = std::uint32_t;

enum class JobState : std::uint8_t {
  waiting,  ///< not yet run, or to be run again
  done,
  held,      ///< failed for good; its reason is in the ledger
  upstream,  ///< cannot run, because a job that it needs is held
  expired    ///< its deadline passed before it ran
};
std::string_view name_of(JobState state);

/// What the plan needs to know of a job. Everything else about it stays on disk.
struct Job {
  Digest key;
  Digest output;              ///< in the lake; zero: not made, or dropped after use
  double deadline_mjd = 0.0;  ///< UTC [day]; 0: none
  float cost = 1.0F;          ///< in units of one ordinary frame
  std::int32_t priority = 0;  ///< larger first
  std::uint32_t task = 0;     ///< index into JobBook's texts
  std::uint32_t group = 0;    ///< index into JobBook's texts
  std::uint32_t first_source = 0;
  std::uint32_t source_count = 0;
  std::uint16_t depth = 0;  ///< 0: asked for by a person; 1: by such a job's output; ...
  std::uint8_t attempts = 0;
  JobState state = JobState::waiting;
  bool keep = true;       ///< false: the output may stay in memory and be made again
  bool tolerant = false;  ///< runs even if some of its inputs' jobs failed
};

/// Finds a job by its key: open addressing over ids, 4 bytes a slot.
class KeyIndex {
 public:
  JobId find(const Digest& key, const std::vector<Job>& jobs) const;
  /// `id` must not be there yet.
  void add(JobId id, const std::vector<Job>& jobs);

 private:
  void grow(const std::vector<Job>& jobs);
  std::vector<JobId> slots_;
  std::size_t used_ = 0;
};

/// All jobs of a ledger in memory, about 120 bytes each.
class JobBook {
 public:
  JobBook() : jobs_(1) {}

  std::size_t size() const { return jobs_.size() - 1; }
  JobId last() const { return static_cast<JobId>(size()); }
  const Job& at(JobId id) const { return jobs_[id]; }
  Job& at(JobId id) { return jobs_[id]; }
  /// 0: not there.
  JobId find(const Digest& key) const { return index_.find(key, jobs_); }
  /// The jobs whose outputs are inputs of `id`; all smaller than `id`.
  std::span<const JobId> sources(JobId id) const {
    return std::span(sources_).subspan(jobs_[id].first_source, jobs_[id].source_count);
  }
  JobId add(Job job, std::span<const JobId> sources);

  /// Names of tasks and groups, each once. Index 0 is the empty text.
  std::uint32_t intern(std::string_view text);
  const std::string& text(std::uint32_t index) const { return texts_[index]; }
  std::size_t texts() const { return texts_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::vector<Job> jobs_;
  std::vector<JobId> sources_;
  KeyIndex index_;
  std::vector<std::string> texts_{""};
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> text_index_{{"", 0}};
};

}  // namespace polis
