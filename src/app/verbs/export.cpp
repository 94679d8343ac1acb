#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "app/city.h"
#include "app/export_formats.h"
#include "app/verb.h"
#include "base/error.h"

namespace polis {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

/// A file name that people can read: the job's label, unique by the artifact's digest.
std::string file_name(const JobView& job) {
  std::string name = job.label.empty() ? job.task : job.label;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  return name + "_" + job.output.short_hex();
}

bool wanted(const std::vector<std::string>& kinds, const std::string& kind) {
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::map<Digest, std::string> kinds_in(const Lake& lake) {
  std::map<Digest, std::string> kinds;
  lake.each([&](const LakeEntry& entry) { kinds[entry.digest] = entry.kind; });
  return kinds;
}

int run_export(const std::vector<std::string>& words, const RunnerFactory&) {
  po::options_description options("options");
  auto add = options.add_options();
  add("city", po::value<std::string>(), "folder of the city");
  add("to", po::value<std::string>(),
      "folder to write into: KIND/TASK/*, and KIND/TASK.h5 which joins the tables of those");
  add("kind", po::value<std::vector<std::string>>()->composing(),
      "catalog, light_curves, frame, ...; none: all products");
  add("format", po::value<std::string>()->default_value("native"),
      "native (HDF5, FITS, JSON as they are), votable, fits, ldac, ds9; alerts: avro, jsonl, html");
  const Arguments arguments(export_verb, options, "", words);
  if (arguments.help_shown()) return kAllDone;
  const ExportFormat& format = export_format(arguments.text("format"));
  const City city = City::open(arguments.text("city"), false);
  const std::unique_ptr<Lake> lake = city.lake();
  const std::map<Digest, std::string> kinds = kinds_in(*lake);
  const std::vector<std::string> only = arguments.list("kind");
  const fs::path to = arguments.text("to");
  std::map<std::string, std::vector<std::string>> written;  // kind/task -> files
  city.ledger_reader()->each_job({}, JobState::done, [&](const JobView& job) {
    const auto kind = kinds.find(job.output);
    if (kind == kinds.end() || !wanted(only, kind->second)) return;
    const std::string group = kind->second + "/" + job.task;
    const std::string path =
        (to / group / (file_name(job) + format.extension_for(kind->second))).string();
    if (format.write(lake->get(job.output, kind->second), path)) written[group].push_back(path);
  });
  for (const auto& [group, paths] : written)
    std::cout << paths.size() << " files in " << (to / group).string() << '\n';
  write_indexes(format, to.string(), written);
  if (written.empty())
    std::cout << "nothing to export (no product of that kind, or the format does not hold it)\n";
  return kAllDone;
}

}  // namespace

const Verb export_verb{"export", "export --city DIR --to DIR [--kind KIND]... [--format FORMAT]",
                       "writes products as files: HDF5, FITS, VOTable, ds9 regions, JSON",
                       run_export};

}  // namespace polis
