#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace polis {

/// Where an input comes from: an artifact that lies in the lake, or the output of a job that may
/// not have run.
struct InputRef {
  enum class From : std::uint8_t { lake, job };
  From from = From::lake;
  Digest name;       ///< the artifact's digest, or the job's key
  std::string kind;  ///< kind of the artifact expected
  auto operator<=>(const InputRef&) const = default;
};

/// One input with its role: "raw", "bias", "flat", "catalog" (several entries may share a role).
struct BundleEntry {
  std::string role;
  InputRef ref;
  auto operator<=>(const BundleEntry&) const = default;
};

/// How a task with many inputs still has one. Entry order is part of it: writers sort.
struct Bundle {
  std::vector<BundleEntry> entries;
  auto operator<=>(const Bundle&) const = default;
  std::vector<InputRef> with_role(std::string_view role) const;
  /// The only entry of that role. Errors: not_found, bad_input (several).
  const InputRef& one(std::string_view role) const;
  bool has(std::string_view role) const;
};

using ParameterMap = std::map<std::string, std::string>;

/// A job that some task (or person) asks for. `label`, `group`, `reason`, priority and deadline do
/// not enter the job's key.
struct Request {
  std::string task;
  Bundle input;               ///< one entry for a task with one plain input
  ParameterMap parameters;    ///< only what differs from the task's defaults
  int priority = 0;           ///< larger first
  double deadline_mjd = 0.0;  ///< UTC; 0: none. After it the request is dropped and counted
  double cost = 1.0;          ///< expected cost, in units of one ordinary frame: longest first
  std::string reason;         ///< for people
  std::string label;          ///< for people: "trinity n0012 r"
  std::string group;          ///< jobs of one group share calibrations or sky and go to one rank
  bool keep = true;  ///< false: the output may stay in memory and be made again when needed
};

/// All the requests of one round, as an artifact.
struct Manifest {
  int round = 0;
  std::vector<Request> requests;
};

/// Key of the job that (task, version, parameters, inputs) defines: known before it runs.
/// `parameters` must be complete (defaults filled in): jobs/key.h does that.
Digest job_key(std::string_view task, int version, const ParameterMap& parameters,
               const Bundle& input);

}  // namespace polis
