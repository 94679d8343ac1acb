#include "base/number_text.h"
#include "kernels/candidates.h"
#include "sky/candidate_context.h"
#include "sky/candidate_tables.h"
#include "sky/catalog_stars.h"
#include "sky/psf_table.h"
#include "tasks/tasks.h"

namespace polis {
namespace {

constexpr ParameterSpec kParameters[] = {
    {"threshold_snr", "5",
     "S/N of the matched filter, of either sign, from which on a peak counts"},
    {"separation_fwhm", "1",
     "a weaker peak of the same sign nearer than this is part of it [FWHM]"},
    {"most", "5000", "at most this many candidates of a frame: the most significant"},
    {"host_radius_px", "30", "how far off the nearest source of the reference is looked for [px]"},
    {"known_radius_px", "1.5",
     "a star of the reference catalogue nearer than this is the candidate [px]"},
    {"galaxy_statistic", "0.5", "sources below this star_statistic are extended"},
};

std::vector<DifferenceSource> sources_of(const Parameters& parameters, const Frame& difference,
                                         const PsfModel& psf) {
  CandidateSettings settings;
  settings.threshold_snr = parameters.number("threshold_snr");
  settings.separation_fwhm = parameters.number("separation_fwhm");
  settings.most = parameters.integer("most");
  return find_candidates({difference.pixels.view(), difference.variance.view(),
                          difference.mask.view(), difference.layers.at("SCORE").view()},
                         psf, settings);
}

CandidateContext context_of(const Parameters& parameters, Reader& reader, const Frame& difference,
                            const std::vector<DifferenceSource>& found) {
  CandidateContext context;
  context.wcs = difference.wcs;
  context.zero_point_mag = number_of(difference.facts, "zero_point_mag");
  context.exposure_time_s = difference.exposure.exposure_time_s;
  const Artifact reference = reader.open("reference_image");
  const Artifact sources = reader.open("reference_sources");
  context.hosts =
      find_hosts(found, difference.wcs, reference.as<Frame>(), sources.as<TableSet>().at("sources"),
                 parameters.number("host_radius_px"), parameters.number("galaxy_statistic"));
  context.known_ids.assign(found.size(), 0);
  if (reader.bundle().has("reference")) {
    const Artifact catalogue = reader.open("reference");
    context.known_ids =
        find_known(found, difference.wcs, catalogue.as<TableSet>().at("stars"),
                   difference.exposure.mjd_mid, parameters.number("known_radius_px"));
  }
  return context;
}

Facts facts_of(const Frame& difference, const CandidateContext& context, double fwhm_px) {
  Facts facts = difference.facts;
  const Exposure& e = difference.exposure;
  facts["exposure_id"] = e.exposure_id;
  facts["instrument"] = e.instrument;
  facts["detector"] = e.detector;
  facts["site"] = e.site;
  facts["physical_filter"] = e.physical_filter;
  facts["mjd_mid"] = number_text(e.mjd_mid);
  facts["exposure_time_s"] = number_text(e.exposure_time_s);
  facts["pixel_scale_arcsec"] = number_text(difference.wcs.pixel_scale_arcsec());
  if (const auto error = facts.extract("zero_point_err_mag"); !error.empty())
    facts["zero_point_error_mag"] = error.mapped();
  facts["limiting_mag"] = number_text(limiting_mag(difference, context, fwhm_px, 5.0));
  return facts;
}

TaskOutput run(const Parameters& parameters, Reader& reader) {
  const Artifact artifact = reader.open("difference");
  const auto& difference = artifact.as<Frame>();
  const Artifact catalog = reader.open("catalog");
  const PsfModel psf = psf_from(catalog.as<TableSet>().at("psf"));
  const std::vector<DifferenceSource> found = sources_of(parameters, difference, psf);
  const CandidateContext context = context_of(parameters, reader, difference, found);
  const std::vector<Candidate> candidates = candidates_from(found, context);
  TableSet product;
  product.tables.push_back(candidates_table(candidates, false));
  product.arrays = {
      cut_outs("science", difference.layers.at("SCIENCE").view(), candidates, difference.unit),
      cut_outs("template", difference.layers.at("TEMPLATE").view(), candidates, difference.unit),
      cut_outs("difference", difference.pixels.view(), candidates, difference.unit)};
  product.facts = facts_of(difference, context, psf.fwhm_px);
  return {Artifact::of("candidates", std::move(product)), {}};
}

}  // namespace

Task find_candidates_task() {
  return {"find_candidates",
          1,
          "candidates",
          "what stands out in a difference, with cut-outs: roles difference, catalog, "
          "reference_image, reference_sources and, if there is, reference",
          kParameters,
          run};
}

}  // namespace polis
