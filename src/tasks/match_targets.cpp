#include "tasks/match_targets.h"

#include <string_view>

#include "sky/table.h"

namespace polis {
namespace {

constexpr std::string_view kNews[] = {"new", "missing", "changed"};

std::vector<Sighting> rows_of(const Table& matches, std::string_view kind) {
  const auto& kinds = matches.get<std::string>("kind");
  const auto& ra = matches.get<double>("ra");
  const auto& dec = matches.get<double>("dec");
  std::vector<Sighting> rows;
  for (std::size_t i = 0; i < matches.rows(); ++i) {
    if (kinds[i] == kind) rows.push_back({{ra[i], dec[i]}, 0.0});
  }
  return rows;
}

}  // namespace

std::vector<Target> matched_targets(const std::vector<FrameProducts>& frames, Reader& reader,
                                    SkyPosition centre, double radius_arcsec, Facts& facts) {
  std::vector<TargetList> lists(std::size(kNews), TargetList(centre, radius_arcsec));
  std::size_t matched = 0;
  for (const FrameProducts& products : frames) {
    if (!products.matches) continue;
    const Artifact artifact = reader.open(*products.matches);
    const Table& matches = artifact.as<TableSet>().at("matches");
    for (std::size_t k = 0; k < lists.size(); ++k) lists[k].add_frame(rows_of(matches, kNews[k]));
    artifact.drop_decoded();
    ++matched;
  }
  std::vector<Target> targets;
  if (matched == 0) return targets;
  constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);
  for (std::size_t k = 0; k < lists.size(); ++k) {
    std::vector<Target> found = lists[k].select(matched > 1 ? 2 : 1, kNoLimit);
    facts["targets_" + std::string(kNews[k])] = std::to_string(found.size());
    for (Target& target : found) {
      target.reason = kNews[k];
      targets.push_back(std::move(target));
    }
  }
  return targets;
}

}  // namespace polis
