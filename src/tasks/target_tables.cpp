#include "tasks/target_tables.h"

#include <numeric>

namespace polis {
namespace {

std::string id_of(const Column& column, std::size_t row) {
  if (const auto* names = std::get_if<std::vector<std::string>>(&column.values))
    return (*names)[row];
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&column.values)) {
    return std::to_string((*numbers)[row]);
  }
  return std::to_string(row + 1);
}

}  // namespace

Table targets_table(const std::vector<Target>& targets) {
  std::vector<std::int64_t> ids(targets.size());
  std::iota(ids.begin(), ids.end(), std::int64_t{1});
  std::vector<std::string> names, reasons;
  std::vector<double> ra, dec, flux;
  std::vector<std::int32_t> seen;
  for (const Target& target : targets) {
    names.push_back(target.name);
    reasons.push_back(target.reason);
    ra.push_back(target.position.ra_deg);
    dec.push_back(target.position.dec_deg);
    flux.push_back(target.flux);
    seen.push_back(target.seen);
  }
  Table table("targets");
  table.add({"id", "", "meta.id", "1, 2, 3 ...", std::move(ids)})
      .add({"name", "", "meta.id", "given by a person; empty otherwise", std::move(names)})
      .add({"ra", "deg", "pos.eq.ra", "ICRS, mean over the frames", std::move(ra)})
      .add({"dec", "deg", "pos.eq.dec", "ICRS, mean over the frames", std::move(dec)})
      .add({"reason", "", "meta.note", "star, new, missing, changed or user", std::move(reasons)})
      .add({"flux", "electron", "phot.count", "largest PSF flux seen", std::move(flux)})
      .add({"seen", "", "meta.number", "frames in which it was found", std::move(seen)});
  return table;
}

std::vector<Target> targets_from(const Table& table) {
  const auto& ra = table.get<double>("ra");
  const auto& dec = table.get<double>("dec");
  std::vector<Target> targets;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    Target target;
    target.position = {ra[i], dec[i]};
    target.reason = table.has("reason") ? table.get<std::string>("reason")[i] : "user";
    if (table.has("name")) target.name = table.get<std::string>("name")[i];
    if (!table.has("name") && table.has("id")) target.name = id_of(table.at("id"), i);
    if (table.has("flux")) target.flux = table.get<double>("flux")[i];
    if (table.has("seen")) target.seen = table.get<std::int32_t>("seen")[i];
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace polis
