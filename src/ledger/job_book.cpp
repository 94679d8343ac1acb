#include "ledger/job_book.h"

#include <array>

namespace polis {

std::string_view name_of(JobState state) {
  constexpr std::array<std::string_view, 5> kNames{"waiting", "done", "held", "upstream",
                                                   "expired"};
  return kNames.at(static_cast<std::size_t>(state));
}

JobId KeyIndex::find(const Digest& key, const std::vector<Job>& jobs) const {
  if (slots_.empty()) return 0;
  const std::size_t wrap = slots_.size() - 1;
  for (std::size_t slot = std::hash<Digest>{}(key)&wrap;; slot = (slot + 1) & wrap) {
    const JobId id = slots_[slot];
    if (id == 0 || jobs[id].key == key) return id;
  }
}

void KeyIndex::add(JobId id, const std::vector<Job>& jobs) {
  if (2 * (used_ + 1) > slots_.size()) grow(jobs);
  const std::size_t wrap = slots_.size() - 1;
  std::size_t slot = std::hash<Digest>{}(jobs[id].key) & wrap;
  while (slots_[slot] != 0) slot = (slot + 1) & wrap;
  slots_[slot] = id;
  ++used_;
}

void KeyIndex::grow(const std::vector<Job>& jobs) {
  std::vector<JobId> old(slots_.empty() ? 1024 : 2 * slots_.size());
  old.swap(slots_);
  used_ = 0;
  for (const JobId id : old) {
    if (id != 0) add(id, jobs);
  }
}

JobId JobBook::add(Job job, std::span<const JobId> sources) {
  job.first_source = static_cast<std::uint32_t>(sources_.size());
  job.source_count = static_cast<std::uint32_t>(sources.size());
  sources_.insert(sources_.end(), sources.begin(), sources.end());
  jobs_.push_back(job);
  index_.add(last(), jobs_);
  return last();
}

std::uint32_t JobBook::intern(std::string_view text) {
  if (const auto found = text_index_.find(text); found != text_index_.end()) return found->second;
  const auto index = static_cast<std::uint32_t>(texts_.size());
  texts_.emplace_back(text);
  text_index_.emplace(texts_.back(), index);
  return index;
}

}  // namespace polis
