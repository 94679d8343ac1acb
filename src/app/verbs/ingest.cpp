#include "formats/ingest.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "app/city.h"
#include "app/config_folder.h"
#include "app/verb.h"
#include "base/error.h"
#include "formats/hdf5_seal.h"
#include "formats/instrument_file.h"
#include "formats/paths.h"
#include "formats/reference_csv.h"
#include "models/network.h"

namespace polis {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

struct Tally {
  std::size_t files = 0, exposures = 0, known = 0, caveats = 0;
  std::vector<std::pair<std::string, std::string>> rejected;  ///< file, reason
};

bool looks_like_fits(const fs::path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view ending :
       {".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fts.gz", ".fits.fz"}) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

/// Files as named, and all FITS files below folders, in the order of their names.
std::vector<std::string> files_below(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry :
         fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied)) {
      if (entry.is_regular_file() && looks_like_fits(entry.path()))
        found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

void ingest_one(Lake& lake, const std::string& file, std::span<const Instrument> instruments,
                Tally& tally) {
  const Bytes bytes = read_foreign_file(file);
  const Ingested ingested = ingest_file(bytes, file, instruments);
  lake.put("raw_frame", bytes);
  for (const Exposure& exposure : ingested.exposures) {
    const Artifact artifact = Artifact::of("exposure", exposure);
    tally.known += lake.has(artifact.digest()) ? 1 : 0;
    lake.put(artifact);
    ++tally.exposures;
    for (const std::string& caveat : exposure.caveats) {
      std::cout << file << ": " << caveat << " (taken, with this caveat)\n";
      ++tally.caveats;
    }
  }
  ++tally.files;
}

void set_aside(const City& city, const std::string& file, const Error& error, Tally& tally) {
  tally.rejected.emplace_back(file, error.what());
  const bool named = std::string_view(error.what()).find(file) != std::string_view::npos;
  std::cerr << (named ? "" : file + ": ") << error.what() << '\n';
  try {
    city.reject(file, read_foreign_file(file), error.what());
  } catch (const Error&) {
    // A file that cannot even be read leaves no copy; its name and reason were told.
  }
}

void ingest_reference(const City& city, Lake& lake, const std::string& file) {
  const Bytes bytes = read_foreign_file(file);
  const bool hdf5 = bytes.size() > 8 && as_text(bytes).substr(1, 3) == "HDF";
  if (hdf5) try_foreign_tables(bytes);
  Artifact artifact = hdf5 ? Artifact::from_bytes("reference_catalog", bytes)
                           : Artifact::of("reference_catalog", read_reference_csv(as_text(bytes)));
  const Table& stars = artifact.as<TableSet>().at("stars");
  for (const char* column : {"ra", "dec"}) (void)stars.at(column);
  city.set_reference(lake.put(artifact));
  std::cout << "reference catalogue: " << stars.rows() << " stars\n";
}

/// A network that lies is refused here, not in the middle of a night.
void ingest_model(const City& city, Lake& lake, const std::string& file) {
  const Bytes bytes = read_foreign_file(file);
  try_foreign_tables(bytes);
  const Artifact artifact = Artifact::from_bytes("model", bytes);
  const Network network = load_network(artifact);
  city.set_model(lake.put(artifact));
  std::cout << "network " << network.name << ": " << network.classes.size() << " classes\n";
}

int probe(const std::vector<std::string>& files, std::span<const Instrument> instruments) {
  for (const std::string& file : files)
    std::cout << probe_file(read_foreign_file(file), file, instruments);
  return kAllDone;
}

void print_tally(const City& city, const Tally& tally) {
  std::cout << tally.files << " files taken: " << tally.exposures << " exposures";
  if (tally.known > 0) std::cout << " (" << tally.known << " of them known before)";
  std::cout << ", " << tally.caveats << " caveats; " << tally.rejected.size() << " files refused\n";
  if (!tally.rejected.empty())
    std::cout << "copies of refused files, with the reasons: " << city.rejected_root() << '\n';
}

po::options_description ingest_options() {
  po::options_description options("options");
  auto add = options.add_options();
  add("city", po::value<std::string>(), "folder of the city; made if need be");
  add("path", po::value<std::vector<std::string>>(),
      "files, or folders with FITS files (also without --path)");
  add("reference", po::value<std::string>(),
      "reference catalogue: HDF5, or CSV with ra,dec,mag_<filter>...");
  add("model", po::value<std::string>(), "network that judges candidates (docs/formats/model.md)");
  add("instruments", po::value<std::string>()->default_value(config_folder() + "/instruments"),
      "folder of instrument files");
  add("probe", po::bool_switch(), "print how the files would be read, store nothing");
  return options;
}

int run_ingest(const std::vector<std::string>& words, const RunnerFactory&) {
  const Arguments arguments(ingest_verb, ingest_options(), "path", words);
  if (arguments.help_shown()) return kAllDone;
  const std::vector<std::string> files = files_below(arguments.list("path"));
  const bool reference = arguments.has("reference");
  const bool model = arguments.has("model");
  if (files.empty() && !reference && !model) {
    throw Error(
        ErrorKind::not_found, "nothing to ingest",
        arguments.list("path").empty() ? "no path was given" : "no FITS file below the paths given",
        "usage: polis " + std::string(ingest_verb.usage));
  }
  const std::vector<Instrument> instruments = read_instruments(arguments.text("instruments"));
  if (arguments.flag("probe")) return probe(files, instruments);
  const City city = City::open(arguments.text("city"), true);
  const std::unique_ptr<Lake> lake = city.lake();
  if (reference) ingest_reference(city, *lake, arguments.text("reference"));
  if (model) ingest_model(city, *lake, arguments.text("model"));
  Tally tally;
  for (const std::string& file : files) {
    try {
      ingest_one(*lake, file, instruments, tally);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::no_space || error.kind() == ErrorKind::io) throw;
      set_aside(city, file, error, tally);
    }
  }
  if (!files.empty()) print_tally(city, tally);
  return tally.rejected.empty() ? kAllDone : kSomeFailed;
}

}  // namespace

const Verb ingest_verb{
    "ingest", "ingest --city DIR [--reference FILE] [--model FILE] [--probe] PATH...",
    "validates raw frames and stores them; refused files are set aside", run_ingest};

}  // namespace polis
