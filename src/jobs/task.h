#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/artifact.h"
#include "formats/manifest.h"

namespace polis {

/// A parameter that a task declares: anything else in a request or config is an error.
struct ParameterSpec {
  std::string_view name;
  std::string_view default_value;
  std::string_view help;  ///< with unit: "S/N above which a source is kept"
};

/// Complete parameters of one job, read by type. Errors: bad_config naming task, parameter and
/// value.
class Parameters {
 public:
  Parameters() = default;
  Parameters(std::string task, ParameterMap values)
      : task_(std::move(task)), values_(std::move(values)) {}
  const ParameterMap& values() const { return values_; }
  const std::string& text(std::string_view name) const;
  double number(std::string_view name) const;
  int integer(std::string_view name) const;
  bool flag(std::string_view name) const;  ///< true/false, yes/no, 1/0

 private:
  std::string task_;
  ParameterMap values_;
};

/// Opens what is reachable from the job's input, and nothing else: entries of its bundle, and what
/// artifacts that were opened refer to (an Exposure's raw file). Errors: not_found, damaged,
/// bad_input.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The bundle this job was given.
  virtual const Bundle& bundle() const = 0;
  virtual Artifact open(const InputRef& ref) = 0;
  /// False for an input whose job failed: a task that tolerates that asks before it opens.
  virtual bool has(const InputRef& ref) const { return (void)ref, true; }
  /// Shorthand: the only entry with that role.
  Artifact open(std::string_view role) { return open(bundle().one(role)); }
  /// Says how far long work has come, 0..1; also where a job notices that its allowance is spent.
  virtual void progress(double fraction) { (void)fraction; }
};

struct TaskOutput {
  Artifact artifact;
  std::vector<Request> requests;
};

/// A pure, versioned function from one input to one output. `run` may use threads; it sees no
/// clock, no random device, no environment, no path. What it throws becomes the job's typed status.
struct Task {
  std::string_view name;
  int version = 1;
  std::string_view output_kind;
  std::string_view help;  ///< one line
  std::span<const ParameterSpec> parameters;
  TaskOutput (*run)(const Parameters& parameters, Reader& reader);
  /// True: runs once all its inputs have ended, even if some failed (a coadd lives without one
  /// frame).
  bool tolerates_missing = false;
};

/// Tasks by name. The table of all tasks is src/tasks/table.cpp; tests make their own.
class TaskTable {
 public:
  explicit TaskTable(std::vector<Task> tasks);  ///< Errors: internal (two of one name)
  /// Errors: not_found, listing the names.
  const Task& at(std::string_view name) const;
  bool has(std::string_view name) const;
  std::span<const Task> all() const { return tasks_; }
  /// Fills in defaults and refuses unknown names. Errors: bad_config.
  Parameters complete(const Task& task, const ParameterMap& given) const;
  /// Key of the job that `request` asks for. Errors: not_found, bad_config.
  Digest key_of(const Request& request) const;

 private:
  std::vector<Task> tasks_;
};

/// Version of this program, as products and the ledger record it.
std::string_view code_version();

/// Provenance that the job boundary writes into each product: task, version, parameters, job key,
/// inputs, code version.
Facts provenance_of(const Task& task, const Parameters& parameters, const Digest& key,
                    const Bundle& input);

}  // namespace polis
