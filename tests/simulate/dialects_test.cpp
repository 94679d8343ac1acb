// The simulator writes three header dialects; ingest with the shipped instrument files must read
// each back.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "formats/ingest.h"
#include "formats/instrument_file.h"
#include "simulate/night.h"

namespace polis {
namespace {

/// Equal within what the header rounds to; what is not known need not be read.
void expect_near(double read, double wanted, double room, const char* what) {
  if (std::isnan(wanted)) return;
  EXPECT_NEAR(read, wanted, room) << what;
}

void expect_same_numbers(const Exposure& read, const Exposure& wanted) {
  expect_near(read.mjd_begin, wanted.mjd_begin, 0.02 / 86400.0, "mjd_begin");
  expect_near(read.mjd_mid, wanted.mjd_mid, 0.02 / 86400.0, "mjd_mid");
  expect_near(read.exposure_time_s, wanted.exposure_time_s, 1e-3, "exposure_time_s");
  expect_near(read.temperature_c, wanted.temperature_c, 0.011, "temperature_c");
  expect_near(read.tracking_ra_deg, wanted.tracking_ra_deg, 1e-4, "tracking_ra_deg");
  expect_near(read.tracking_dec_deg, wanted.tracking_dec_deg, 1e-4, "tracking_dec_deg");
  expect_near(read.airmass, wanted.airmass, 0.01, "airmass");
  expect_near(read.latitude_deg, wanted.latitude_deg, 1e-4, "latitude_deg");
  expect_near(read.longitude_deg, wanted.longitude_deg, 1e-4, "longitude_deg");
  expect_near(read.pixel_scale_arcsec, wanted.pixel_scale_arcsec, 1e-6, "pixel_scale_arcsec");
  expect_near(read.saturation_adu, wanted.saturation_adu, 1.0, "saturation_adu");
  expect_near(read.nonlinear_adu, wanted.nonlinear_adu, 1.0, "nonlinear_adu");
}

void expect_same(const Exposure& read, const Exposure& wanted) {
  EXPECT_EQ(read.exposure_id, wanted.exposure_id);
  EXPECT_EQ(read.site, wanted.site);
  EXPECT_EQ(read.instrument, wanted.instrument);
  EXPECT_EQ(read.detector, wanted.detector);
  EXPECT_EQ(read.type, wanted.type);
  if (!wanted.physical_filter.empty()) {
    EXPECT_EQ(read.physical_filter, wanted.physical_filter);
  }
  if (wanted.type == ImageType::science) {
    EXPECT_EQ(read.object, wanted.object);
  }
  expect_same_numbers(read, wanted);
  EXPECT_EQ(read.linearity, wanted.linearity);
  EXPECT_EQ(read.width, wanted.width);
  EXPECT_EQ(read.height, wanted.height);
  EXPECT_EQ(read.raw_width, wanted.raw_width);
  EXPECT_EQ(read.amplifiers, wanted.amplifiers);
  EXPECT_EQ(read.hdu, wanted.hdu);
  EXPECT_EQ(read.wcs.valid, wanted.wcs.valid);
}

TEST(Dialects, IngestReadsWhatTheSimulatorWrote) {
  const std::vector<Instrument> instruments =
      read_instruments(POLIS_SOURCE_DIR "/configs/instruments");
  const Night night = make_night("tiny", 1);
  std::map<std::string, int> seen;
  for (const PlannedExposure& planned : night.exposures) {
    // One of each type and site is enough: the dialect does not depend on anything else.
    if (seen[night.site_of(planned).name + std::string(name_of(planned.type))]++ > 0) continue;
    const RawExposure raw = render(night, planned.index);
    SCOPED_TRACE(raw.file_name);
    const Ingested ingested = ingest_file(fits_of(raw), raw.file_name, instruments);
    ASSERT_EQ(ingested.exposures.size(), 1u);
    expect_same(ingested.exposures[0], raw.exposure);
    for (const std::string& caveat : ingested.exposures[0].caveats) ADD_FAILURE() << caveat;
  }
  EXPECT_EQ(seen.size(), 12u);
}

}  // namespace
}  // namespace polis
