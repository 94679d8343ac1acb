#include "app/config_folder.h"

#include <cstdlib>

namespace polis {

std::string config_folder() {
  const char* set = std::getenv("POLIS_CONFIG");
  return set != nullptr && *set != '\0' ? set : POLIS_CONFIG_DIR;
}

}  // namespace polis
