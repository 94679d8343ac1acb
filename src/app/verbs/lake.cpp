#include <iostream>

#include "app/city.h"
#include "app/verb.h"
#include "base/error.h"
#include "lake/verify.h"

namespace polis {
namespace {

namespace po = boost::program_options;

struct Tally {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

void list(const Lake& lake) {
  std::map<std::string, Tally> kinds;
  lake.each([&](const LakeEntry& entry) {
    Tally& tally = kinds[entry.kind];
    ++tally.count;
    tally.bytes += entry.size;
  });
  for (const auto& [kind, tally] : kinds) {
    std::cout << kind << ": " << tally.count << " artifacts, " << tally.bytes / 1024 << " KiB\n";
  }
}

/// Re-hashes every artifact; those that are damaged are set aside by the lake, and the jobs that
/// made them run again.
int verify_city(const City& city, const Lake& lake) {
  const LakeCheck check = verify(lake);
  std::vector<Digest> lost;
  for (const LakeEntry& entry : check.damaged) {
    std::cout << entry.kind << ' ' << entry.digest.hex() << " is damaged: set aside\n";
    lost.push_back(entry.digest);
  }
  for (const std::string& problem : check.unreadable) std::cout << problem << '\n';
  std::cout << check.objects - lost.size() - check.unreadable.size()
            << " artifacts are what they were, " << lost.size() << " are damaged, "
            << check.unreadable.size() << " could not be read\n";
  if (lost.empty()) return check.unreadable.empty() ? kAllDone : kStoreTrouble;
  const std::unique_ptr<Ledger> ledger = city.ledger();
  std::cout << ledger->forget_outputs(lost)
            << " jobs will run again to make them: `polis run --city " << city.root() << "`\n";
  ledger->commit();
  return kStoreTrouble;
}

int run_lake(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  options.add_options()("city", po::value<std::string>(), "folder of the city")(
      "action", po::value<std::vector<std::string>>(), "verify or list");
  const Arguments arguments(lake_verb, options, "action", words);
  if (arguments.help_shown()) return kAllDone;
  const std::vector<std::string> actions = arguments.list("action");
  if (actions.size() != 1 || (actions[0] != "verify" && actions[0] != "list")) {
    throw Error(ErrorKind::bad_config, "cannot run polis lake",
                "it needs one action: verify or list",
                "usage: polis " + std::string(lake_verb.usage));
  }
  const City city = City::open(arguments.text("city"), false);
  const std::unique_ptr<Lake> lake = city.lake();
  if (actions[0] == "verify") return verify_city(city, *lake);
  list(*lake);
  return kAllDone;
}

}  // namespace

const Verb lake_verb{"lake", "lake verify|list --city DIR",
                     "re-hashes every artifact, or counts them by kind", run_lake};

}  // namespace polis
