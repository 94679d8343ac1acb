#include "app/config_folder.h"

#include <cstdlib>
#include <filesystem>

namespace polis {
namespace {

std::string folder(const char* variable, const char* shipped) {
  const char* set = std::getenv(variable);
  return set != nullptr && *set != '\0' ? set : shipped;
}

}  // namespace

std::string config_folder() { return folder("POLIS_CONFIG", POLIS_CONFIG_DIR); }

std::string shipped_network() {
  const std::string file = folder("POLIS_DATA", POLIS_DATA_DIR) + "/models/real_bogus.h5";
  return std::filesystem::exists(file) ? file : "";
}

}  // namespace polis
