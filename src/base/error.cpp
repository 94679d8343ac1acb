#include "base/error.h"

#include <array>

namespace polis {
namespace {

constexpr std::array<std::string_view, 9> kNames{"bad_input", "bad_config", "not_found",
                                                 "damaged",   "io",         "no_space",
                                                 "limit",     "no_result",  "internal"};

std::string compose(std::string_view problem, std::string_view why, std::string_view advice) {
  std::string text(problem);
  if (!why.empty()) text.append(" (").append(why).append(")");
  if (!advice.empty()) text.append(" ").append(advice);
  return text;
}

}  // namespace

std::string_view name_of(ErrorKind kind) { return kNames.at(static_cast<std::size_t>(kind)); }

ErrorKind error_kind_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames.at(i) == name) return static_cast<ErrorKind>(i);
  }
  return ErrorKind::internal;
}

Error::Error(ErrorKind kind, std::string_view problem, std::string_view why,
             std::string_view advice)
    : std::runtime_error(compose(problem, why, advice)), kind_(kind) {}

}  // namespace polis
