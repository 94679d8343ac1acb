#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace polis {

/// What went wrong, coarsely: it decides whether to try again and which exit code the program
/// gives.
enum class ErrorKind {
  bad_input,   ///< a foreign file, header or value cannot be used: trying again is useless
  bad_config,  ///< the user's command line or configuration
  not_found,   ///< something named is not there
  damaged,     ///< bytes in the lake or ledger are not what they were
  io,          ///< the operating system refused; may work later
  no_space,    ///< disk full
  limit,       ///< an allowance (memory, time, number of requests) was exceeded
  no_result,   ///< the data do not allow the answer (no stars, no convergence): a caveat, not a
               ///< fault
  internal     ///< our own mistake
};

std::string_view name_of(ErrorKind kind);
/// Inverse of name_of; `internal` for a name that is unknown.
ErrorKind error_kind_from(std::string_view name);

/// The one exception of the city. Reads `PROBLEM (why it is a problem) what to do`.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string_view problem, std::string_view why,
        std::string_view advice = {});
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace polis
