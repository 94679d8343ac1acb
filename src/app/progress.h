#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "jobs/observer.h"

namespace polis {

enum class ProgressStyle {
  bar,    ///< one line of a terminal, rewritten
  lines,  ///< a line per round and failure, and every ten seconds
  json    ///< one JSON object per line
};

/// Shows how a run goes on, on stderr.
std::unique_ptr<RunObserver> make_progress(ProgressStyle style);
/// json if asked for; a bar on a terminal; lines otherwise.
ProgressStyle progress_style(bool log_json);

}  // namespace polis
