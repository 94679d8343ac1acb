#include "tasks/frame_chain.h"

#include "base/error.h"

namespace polis {
namespace {

Request request_for(const char* task, const Exposure& exposure, std::vector<BundleEntry> entries) {
  Request request;
  request.task = task;
  request.input.entries = std::move(entries);
  request.label = label_of(exposure);
  request.group = calibration_group(exposure);
  request.reason = "science frame of the night";
  return request;
}

}  // namespace

std::vector<FrameProducts> read_frame_products(Reader& reader) {
  const Bundle& bundle = reader.bundle();
  const auto exposures = bundle.with_role("exposure"), frames = bundle.with_role("frame"),
             catalogs = bundle.with_role("catalog"), matches = bundle.with_role("matches");
  if (exposures.size() != frames.size() || exposures.size() != catalogs.size() ||
      (!matches.empty() && matches.size() != catalogs.size())) {
    throw Error(ErrorKind::bad_input, "cannot read the frames of the field",
                "the bundle's exposures, frames, catalogs and matches do not pair up");
  }
  std::vector<FrameProducts> products;
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    if (!reader.has(catalogs[i])) continue;
    FrameProducts p;
    p.exposure = {exposures[i], reader.open(exposures[i]).as<Exposure>()};
    p.frame = frames[i];
    p.measured = p.catalog = catalogs[i];
    if (!matches.empty() && reader.has(matches[i])) p.matches = matches[i];
    products.push_back(std::move(p));
  }
  return products;
}

FrameProducts ask_for_catalog(const NightExposure& science, const ChosenCalibrations& masters,
                              bool keep_frame, RequestMaker& maker) {
  FrameProducts products;
  products.exposure = science;
  std::vector<BundleEntry> entries{input("exposure", science.ref)};
  if (masters.bias) entries.push_back(input("bias", *masters.bias));
  if (masters.dark) entries.push_back(input("dark", *masters.dark));
  if (masters.flat) entries.push_back(input("flat", *masters.flat));
  Request calibrate = request_for("calibrate_frame", science.exposure, std::move(entries));
  calibrate.keep = keep_frame;
  products.frame = maker.add(std::move(calibrate));
  products.measured =
      maker.add(request_for("measure_frame", science.exposure, {input("frame", products.frame)}));
  products.catalog = products.measured;
  return products;
}

void ask_for_matches(FrameProducts& products, const InputRef& reference, RequestMaker& maker) {
  const NightExposure& science = products.exposure;
  const auto ask = [&](const char* task, const InputRef& catalog) {
    Request request = request_for(
        task, science.exposure,
        {input("catalog", catalog), input("exposure", science.ref), input("reference", reference)});
    request.cost = 0.2;
    return maker.add(std::move(request));
  };
  const InputRef solved = ask("solve_astrometry", products.measured);
  products.catalog = ask("calibrate_photometry", solved);
  products.matches = ask("cross_match", products.catalog);
}

void ask_for_registration(FrameProducts& products, const InputRef& anchor_catalog,
                          const InputRef& anchor_exposure, RequestMaker& maker) {
  const NightExposure& science = products.exposure;
  Request request =
      request_for("solve_astrometry", science.exposure,
                  {input("catalog", products.measured), input("exposure", science.ref),
                   input("anchor", anchor_catalog), input("anchor_exposure", anchor_exposure)});
  request.cost = 0.2;
  products.catalog = maker.add(std::move(request));
}

void add_frame(const FrameProducts& products, const InputRef& catalog, Bundle& bundle) {
  bundle.entries.push_back(input("exposure", products.exposure.ref));
  bundle.entries.push_back(input("frame", products.frame));
  bundle.entries.push_back(input("catalog", catalog));
}

void ask_for_targets(const std::vector<FrameProducts>& frames,
                     const std::vector<BundleEntry>& extra, const std::string& field,
                     RequestMaker& maker) {
  Request request;
  request.task = "collect_targets";
  for (const FrameProducts& products : frames) {
    add_frame(products, products.catalog, request.input);
    if (products.matches) request.input.entries.push_back(input("matches", *products.matches));
  }
  for (const BundleEntry& entry : extra) request.input.entries.push_back(entry);
  request.label = field;
  request.group = "field " + field;
  request.cost = 0.02 * static_cast<double>(frames.size());
  request.reason = "what the catalogs of the field show";
  maker.add(std::move(request));
}

}  // namespace polis
