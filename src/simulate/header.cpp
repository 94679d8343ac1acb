#include "simulate/header.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "sky/time.h"

namespace polis {
namespace {

/// "08:53:36.00" or with blanks: hours (or degrees with sign), minutes, seconds.
std::string sexagesimal(double value, char separator, int decimals, bool sign) {
  const double scale = std::pow(10.0, decimals);
  const auto units = static_cast<long long>(std::llround(std::abs(value) * 3600.0 * scale));
  const auto whole = static_cast<long long>(scale);
  const long long seconds = units / whole;
  std::array<char, 64> text{};
  const char* prefix = value < 0.0 ? "-" : sign ? "+" : "";
  std::snprintf(text.data(), text.size(), "%s%02lld%c%02lld%c%02lld.%0*lld", prefix, seconds / 3600,
                separator, seconds / 60 % 60, separator, seconds % 60, decimals, units % whole);
  return text.data();
}

/// FITS counts from 1 and includes the last pixel.
std::string section_text(const Section& s) {
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "[%d:%d,%d:%d]", s.x0 + 1, s.x0 + s.width, s.y0 + 1,
                s.y0 + s.height);
  return text.data();
}

double rounded(double value, double step) { return std::nearbyint(value / step) * step; }

void write_wcs(const Wcs& wcs, FitsHeader& h) {
  if (!wcs.valid) return;
  h.set_text("CTYPE1", "RA---TAN").set_text("CTYPE2", "DEC--TAN");
  h.set_number("CRVAL1", wcs.reference.ra_deg).set_number("CRVAL2", wcs.reference.dec_deg);
  h.set_number("CRPIX1", wcs.reference_pixel.x + 1.0)
      .set_number("CRPIX2", wcs.reference_pixel.y + 1.0);
  h.set_number("CD1_1", wcs.cd[0]).set_number("CD1_2", wcs.cd[1]);
  h.set_number("CD2_1", wcs.cd[2]).set_number("CD2_2", wcs.cd[3]);
  h.set_text("RADESYS", "ICRS").set_number("EQUINOX", 2000.0);
}

void amateur(const SceneSite& site, const PlannedExposure& planned, RawExposure& raw) {
  const Exposure& e = raw.exposure;
  FitsHeader& h = raw.primary;
  constexpr std::array<const char*, 4> kTypes{"Light Frame", "Bias Frame", "Dark Frame",
                                              "Flat Field"};
  h.set_text("IMAGETYP", kTypes.at(static_cast<std::size_t>(e.type)), "type of image");
  h.set_text("DATE-OBS", e.datetime_begin.substr(0, 22), "UTC start of exposure");
  h.set_number("EXPTIME", e.exposure_time_s, "exposure time in seconds");
  if (!planned.filter.empty()) h.set_text("FILTER", "Sloan " + planned.filter);
  if (planned.field >= 0) {
    h.set_text("OBJECT", planned.object);
    h.set_text("OBJCTRA", sexagesimal(e.tracking_ra_deg / 15.0, ' ', 2, false),
               "nominal right ascension");
    h.set_text("OBJCTDEC", sexagesimal(e.tracking_dec_deg, ' ', 1, true), "nominal declination");
    h.set_number("AIRMASS", rounded(e.airmass, 1.0e-4));
  }
  h.set_number("CCD-TEMP", rounded(e.temperature_c, 0.01), "CCD temperature in C");
  h.set_number("SET-TEMP", site.temperature_c);
  h.set_number("EGAIN", e.amplifiers[0].gain_e_per_adu, "electronic gain in e-/ADU");
  h.set_text("SITELAT", sexagesimal(site.latitude_deg, ' ', 1, true));
  h.set_text("SITELONG", sexagesimal(site.longitude_deg, ' ', 1, true));
  h.set_text("TRIMSEC", section_text(e.amplifiers[0].data));
  if (!e.amplifiers[0].overscan.empty())
    h.set_text("BIASSEC", section_text(e.amplifiers[0].overscan));
  h.set_number("RDNOISE", e.amplifiers[0].read_noise_e, "[e-]");
  h.set_number("DATAMAX", e.saturation_adu, "[ADU]");
  h.set_number("PIXSCALE", site.pixel_scale_arcsec, "[arcsec/px]");
  h.set_text("INSTRUME", "QSI 683");
  h.set_text("SWCREATE", "SkyDesk 6.2");
  write_wcs(e.wcs, h);
}

void mosaic(const SceneSite& site, const PlannedExposure& planned, RawExposure& raw) {
  const Exposure& e = raw.exposure;
  raw.in_extension = true;
  FitsHeader& p = raw.primary;
  constexpr std::array<const char*, 4> kTypes{"object", "zero", "dark", "dome flat"};
  p.set_text("OBSERVAT", site.name).set_text("TELESCOP", "1.0-m").set_text("INSTRUME", "KCAM");
  p.set_text("OBSID", planned.name)
      .set_text("OBSTYPE", kTypes.at(static_cast<std::size_t>(e.type)));
  p.set_number("LATITUDE", site.latitude_deg, "[deg]")
      .set_number("LONGITUD", site.longitude_deg, "[deg] east");
  p.set_number("ALTITUDE", site.altitude_m, "[m]");
  p.set_text("DATE-OBS", e.datetime_begin.substr(0, 10), "UTC date at start");
  p.set_text("UTSTART", e.datetime_begin.substr(11), "UTC at start");
  p.set_number("EXPOSURE", e.exposure_time_s, "[s]");
  if (!planned.filter.empty()) p.set_text("FILTNAM", "SDSS-" + planned.filter + "'");
  if (planned.field >= 0) {
    p.set_text("OBJECT", planned.object);
    p.set_number("TELRA", rounded(e.tracking_ra_deg, 1.0e-5), "[deg] ICRS");
    p.set_number("TELDEC", rounded(e.tracking_dec_deg, 1.0e-5), "[deg] ICRS");
    p.set_number("SECZ", rounded(e.airmass, 1.0e-4));
  }
  FitsHeader& h = raw.extension;
  h.set_number("DETTEMP", rounded(e.temperature_c + 273.15, 0.01), "[K]");
  for (std::size_t a = 0; a < e.amplifiers.size(); ++a) {
    const Amplifier& amp = e.amplifiers[a];
    const std::string n = std::to_string(a + 1);
    h.set_text("DATASEC" + n, section_text(amp.data));
    if (!amp.overscan.empty()) h.set_text("BIASSEC" + n, section_text(amp.overscan));
    h.set_number("GAIN" + n, amp.gain_e_per_adu, "[e-/ADU]");
    h.set_number("RDNOISE" + n, amp.read_noise_e, "[e-]");
  }
  h.set_number("SATURATE", e.saturation_adu, "[ADU]");
  h.set_number("PIXSCALE", site.pixel_scale_arcsec, "[arcsec/px]");
  write_wcs(e.wcs, h);
}

int filter_number(const std::string& filter) {
  return filter == "g" ? 1 : filter == "r" ? 2 : filter == "i" ? 3 : 0;
}

void survey(const SceneSite& site, const PlannedExposure& planned, RawExposure& raw) {
  const Exposure& e = raw.exposure;
  raw.in_extension = true;
  raw.compression = FitsCompression::rice;
  FitsHeader& h = raw.extension;
  constexpr std::array<int, 4> kCodes{1, 10, 11, 12};
  h.set_integer("FRAMENO", planned.number);
  h.set_integer("OBSMODE", kCodes.at(static_cast<std::size_t>(e.type)),
                "1 sky, 10 zero, 11 dark, 12 flat");
  h.set_number("MJD-OBS", rounded(e.mjd_begin, 1.0e-8), "UTC, shutter opens");
  h.set_integer("EXPMS", std::llround(1000.0 * e.exposure_time_s), "[ms]");
  h.set_integer("FILTID", filter_number(planned.filter), "0 shutter, 1 g, 2 r, 3 i");
  if (planned.field >= 0) {
    h.set_text("TARGET", planned.object);
    h.set_number("RAHOURS", rounded(e.tracking_ra_deg / 15.0, 1.0e-6), "[h]");
    h.set_number("DECDEG", rounded(e.tracking_dec_deg, 1.0e-5), "[deg]");
    h.set_number("ZENDIST", rounded(std::acos(1.0 / e.airmass) * 57.29577951308232, 0.01), "[deg]");
  }
  h.set_number("CCDGAIN", e.amplifiers[0].gain_e_per_adu, "[e-/ADU]");
  h.set_number("CCDRON", e.amplifiers[0].read_noise_e, "[e-]");
  h.set_number("CCDSAT", e.saturation_adu, "[ADU]");
  h.set_number("PXSIZE", site.pixel_scale_arcsec * 1000.0, "[mas]");
  h.set_number("TCCD", rounded(e.temperature_c, 0.01), "[C]");
  h.set_text("CAMERA", "M-" + std::to_string(site.width));
}

}  // namespace

Exposure described(const Night& night, const PlannedExposure& planned, const Observation* o,
                   double temperature_c) {
  const SceneSite& site = night.site_of(planned);
  Exposure e;
  e.exposure_id = planned.name;
  e.site = site.name;
  e.instrument = "sim_" + site.name;
  e.type = planned.type;
  e.physical_filter = planned.filter;
  e.object = planned.object;
  e.mjd_begin = planned.mjd_begin + site.clock_error_s / 86400.0;
  e.datetime_begin = iso_from_mjd(e.mjd_begin);
  e.exposure_time_s = planned.exposure_s;
  e.mjd_mid = e.mjd_begin + 0.5 * planned.exposure_s / 86400.0;
  e.temperature_c = temperature_c;
  e.latitude_deg = site.latitude_deg;
  e.longitude_deg = site.longitude_deg;
  e.altitude_m = site.altitude_m;
  e.pixel_scale_arcsec = site.pixel_scale_arcsec;
  e.saturation_adu = saturation_adu_of(site);
  e.nonlinear_adu = 0.9 * e.saturation_adu;
  if (site.nonlinearity > 0.0) e.linearity = {site.nonlinearity};
  e.width = site.width;
  e.height = site.height;
  e.raw_width = raw_width_of(site);
  e.raw_height = site.height;
  e.amplifiers = amplifiers_of(site);
  e.hdu = site.dialect == "amateur" ? 0 : 1;
  if (o != nullptr) {
    e.tracking_ra_deg = o->header_pointing.ra_deg;
    e.tracking_dec_deg = o->header_pointing.dec_deg;
    e.airmass = o->conditions.airmass;
    e.wcs = o->header_wcs;
  }
  return e;
}

std::string file_name_of(const SceneSite& site, const PlannedExposure& exposure) {
  if (site.dialect == "mosaic") return exposure.name + ".fits";
  return exposure.name + (site.dialect == "survey" ? ".fits.fz" : ".fit");
}

void write_dialect(const SceneSite& site, const PlannedExposure& planned, RawExposure& raw) {
  if (site.dialect == "mosaic") {
    mosaic(site, planned, raw);
  } else if (site.dialect == "survey") {
    survey(site, planned, raw);
  } else {
    amateur(site, planned, raw);
  }
  raw.file_name = file_name_of(site, planned);
}

}  // namespace polis
