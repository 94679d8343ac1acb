#include "app/progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <iostream>

#include "report/json_line.h"

namespace polis {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string utc_now() {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%S}Z",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

class LineProgress : public RunObserver {
 public:
  void round_began(const RoundStart& start) override {
    round_ = start.round;
    began_ = Clock::now();
    spoken_ = began_;
    say(fmt::format("round {}: {} jobs in {} chains{}", start.round, start.jobs, start.chains,
                    start.resumed ? " (goes on where the last run was stopped)" : ""));
  }
  void job_ended(const Job&, std::string_view task, const Outcome& outcome, bool final) override {
    if (outcome.ok) return;
    say(fmt::format("{} job {}: {}{}", task, outcome.job, outcome.reason,
                    final ? "" : " (will be tried again)"));
  }
  void progress(std::uint64_t ended, std::uint64_t all) override {
    if (seconds_since(spoken_) < 10.0) return;
    spoken_ = Clock::now();
    say(fmt::format("round {}: {} of {} jobs, {:.0f} s", round_, ended, all,
                    seconds_since(began_)));
  }
  void round_ended(const RoundSummary& s) override {
    const double all = s.busy_s + s.idle_s;
    say(fmt::format(
        "round {} ended: {} done, {} failed, {:.2f} s, {:.0f} % idle; {} requests for the next{}",
        s.round, s.done, s.failed, s.wall_s, all > 0.0 ? 100.0 * s.idle_s / all : 0.0, s.admitted,
        s.dropped > 0 ? fmt::format(" ({} dropped)", s.dropped) : ""));
  }
  void note(std::string_view text) override { say(text); }

 protected:
  virtual void say(std::string_view text) { std::cerr << utc_now() << ' ' << text << '\n'; }
  int round_ = 0;
  Clock::time_point began_, spoken_;
};

class BarProgress : public LineProgress {
 public:
  void progress(std::uint64_t ended, std::uint64_t all) override {
    constexpr int width = 30;
    const double share = all > 0 ? static_cast<double>(ended) / static_cast<double>(all) : 1.0;
    const int full = static_cast<int>(std::floor(share * width));
    const double elapsed = seconds_since(began_);
    const std::string left =
        share > 0.02 && elapsed > 1.0
            ? fmt::format(", about {:.0f} s left", elapsed * (1.0 - share) / share)
            : "";
    std::cerr << fmt::format("\r\033[Kround {} [{:#<{}}{:.<{}}] {}/{}{}", round_, "", full, "",
                             width - full, ended, all, left)
              << std::flush;
    open_ = true;
  }

 protected:
  void say(std::string_view text) override {
    if (open_) std::cerr << "\r\033[K";
    open_ = false;
    std::cerr << text << '\n';
  }

 private:
  bool open_ = false;
};

class JsonProgress : public RunObserver {
 public:
  void round_began(const RoundStart& s) override {
    write(event("round_began")
              .count("round", static_cast<std::uint64_t>(s.round))
              .flag("resumed", s.resumed)
              .count("jobs", s.jobs)
              .count("chains", s.chains));
  }
  void job_ended(const Job&, std::string_view task, const Outcome& o, bool final) override {
    JsonLine line = event("job_ended");
    line.count("job", o.job)
        .text("task", task)
        .flag("ok", o.ok)
        .number("wall_s", o.wall_s)
        .count("worker", o.worker);
    if (!o.ok) line.text("error", name_of(o.error)).text("reason", o.reason).flag("final", final);
    write(line);
  }
  void round_ended(const RoundSummary& s) override {
    write(event("round_ended")
              .count("round", static_cast<std::uint64_t>(s.round))
              .count("done", s.done)
              .count("failed", s.failed)
              .count("admitted", s.admitted)
              .count("dropped", s.dropped)
              .number("wall_s", s.wall_s)
              .number("idle_s", s.idle_s));
  }
  void note(std::string_view text) override { write(event("note").text("text", text)); }

 private:
  static JsonLine event(std::string_view name) {
    JsonLine line;
    line.text("time", utc_now()).text("event", name);
    return line;
  }
  static void write(const JsonLine& line) { std::cerr << line.finish() << '\n'; }
};

}  // namespace

std::unique_ptr<RunObserver> make_progress(ProgressStyle style) {
  switch (style) {
    case ProgressStyle::bar:
      return std::make_unique<BarProgress>();
    case ProgressStyle::json:
      return std::make_unique<JsonProgress>();
    case ProgressStyle::lines:
      break;
  }
  return std::make_unique<LineProgress>();
}

ProgressStyle progress_style(bool log_json) {
  if (log_json) return ProgressStyle::json;
  return isatty(STDERR_FILENO) == 1 ? ProgressStyle::bar : ProgressStyle::lines;
}

}  // namespace polis
