#include "alert_scene_helpers.h"

#include <cmath>

#include "base/random.h"
#include "sky/follow_candidates.h"

namespace polis {
namespace {

constexpr SkyPosition kCentre{188.73, 12.31};
constexpr double kArcsecPerRadian = 206264.80624709636;
constexpr int kSide = 63;

SkyPosition at(double east, double north) {
  return unproject_tan(kCentre, {east / kArcsecPerRadian, north / kArcsecPerRadian});
}

CandidateFrame frame_of(int number, const std::string& site, const std::string& filter,
                        double mjd) {
  CandidateFrame f;
  f.frame.exposure_id = site + "_" + std::to_string(1000 + number);
  f.frame.instrument = site + " camera";
  f.frame.detector = "0";
  f.frame.site = site;
  f.frame.physical_filter = filter;
  f.frame.network = "real-bogus 1.2";
  f.frame.mjd_mid = mjd;
  f.frame.exposure_time_s = 120;
  f.frame.limiting_mag = 20.6 + (filter == "g" ? 0.2 : 0.0);
  f.frame.fwhm_px = 2.8;
  f.frame.pixel_scale_arcsec = 1.01;
  f.frame.reference_exposures = 24;
  f.frame.set_corners({at(900, -700), at(-700, -900), at(-900, 700), at(700, 900)});
  return f;
}

Candidate& add(CandidateFrame& frame, SkyPosition place, double mag, double p,
               RandomStream& random) {
  Candidate c;
  c.id = static_cast<std::int64_t>(frame.candidates.size()) + 1;
  c.snr = 5.0 * std::pow(10.0, 0.4 * (frame.frame.limiting_mag - mag));
  c.mag_error = 1.0857 / c.snr;
  c.mag = mag + c.mag_error * random.normal();
  c.x_error = c.y_error = 1.2 / c.snr;
  c.x = 512.3 + 40.0 * static_cast<double>(c.id);
  c.y = 733.8;
  const auto [xi, eta] = project_tan(kCentre, place);
  const double noise = c.x_error * frame.frame.pixel_scale_arcsec;
  const SkyPosition seen = at(xi * kArcsecPerRadian + noise * random.normal(),
                              eta * kArcsecPerRadian + noise * random.normal());
  c.ra_deg = seen.ra_deg;
  c.dec_deg = seen.dec_deg;
  c.flux_e = 120.0 * std::pow(10.0, 0.4 * (25.0 - mag));
  c.flux_error_e = c.flux_e / c.snr;
  c.fwhm_px = 2.8 + 0.1 * random.normal();
  c.elongation = 1.05 + 0.05 * random.uniform();
  c.chi2 = 1.0;
  c.dipole = 0.03;
  if (std::isfinite(p)) {
    c.p_real_transient = p;
    c.p_cosmic_ray = 0.1 * (1 - p);
    c.p_bad_pixel = 0.05 * (1 - p);
    c.p_satellite = 0.05 * (1 - p);
    c.p_subtraction_artifact = 0.6 * (1 - p);
    c.p_noise = 0.2 * (1 - p);
    c.label = "real_transient";
  }
  frame.candidates.push_back(c);
  return frame.candidates.back();
}

/// Light of a star or galaxy at (x, y).
struct Blob {
  double x = 31, y = 31, peak = 0, sigma = 1.2, stretch = 1.0;
};

void draw(const std::vector<Blob>& blobs, double sky_sigma, RandomStream& random,
          std::vector<float>& pixels) {
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      double value = sky_sigma * random.normal();
      for (const Blob& b : blobs) {
        const double dx = x - b.x, dy = (y - b.y) * b.stretch;
        const double r2 = (dx * dx + dy * dy) / (2 * b.sigma * b.sigma);
        value += b.peak * (b.sigma > 3.0 ? std::exp(-std::sqrt(8.0 * r2)) : std::exp(-r2));
      }
      pixels.push_back(static_cast<float>(value));
    }
  }
}

void draw_cutouts(const Alert& alert, AlertSet& set, std::uint64_t index) {
  const SkyDetection& d = set.detection_of(alert);
  const SkyObject& o = set.object_of(alert);
  RandomStream field(9, o.name), noise(9, "noise", index);
  std::vector<Blob> sky;
  for (int k = 0; k < 5; ++k)
    sky.push_back({field.uniform(0, 62), field.uniform(0, 62), 150.0 * field.exponential()});
  if (o.tag == "galaxy") sky.push_back({35, 28, 900, 5.0, 1.7});
  if (o.tag == "variable" || o.tag == "known_star") sky.push_back({31, 31, 700});
  std::vector<Blob> now = sky;
  const Blob light{31, 31, d.sign * 9.0 * d.snr * 12.0 / 25.0, 1.2};
  now.push_back(light);
  draw(now, 12, noise, set.science.values);
  draw(sky, 3, noise, set.reference.values);
  draw({light}, 12, noise, set.difference.values);
  if (o.tag != "orphan") return;
  for (NumberArray* array : {&set.science, &set.difference}) {  // over the frame's edge
    const std::size_t end = array->values.size();
    for (std::size_t y = 0; y < kSide; ++y)
      for (std::size_t x = 44; x < kSide; ++x)
        array->values[end - kSide * kSide + y * kSide + x] = std::nanf("");
  }
}

}  // namespace

AlertSet alert_scene() {
  RandomStream random(4, "scene");
  std::vector<CandidateFrame> frames;
  const char* filters[] = {"r", "g", "r", "i"};
  for (int n = 0; n < 16; ++n) {
    const double mjd = 60400.3 + 1.0 * (n / 4) + 0.03 * (n % 4);
    frames.push_back(frame_of(n, n % 8 < 4 ? "sierra" : "karoo", filters[n % 4], mjd));
    CandidateFrame& f = frames.back();
    if (n >= 5) {
      Candidate& c =
          add(f, at(120, -80), 19.4 - 1.2 * (1 - std::exp(-(n - 4) / 4.0)), 0.995, random);
      c.source_distance_px = 4.7;
      c.source_extended = 1;
      c.source_mag = 16.8;
    }
    Candidate& star = add(f, at(-260, 310), 18.3 + 0.5 * std::sin(1.1 * n), 0.97, random);
    star.sign = std::sin(1.1 * n + 1.0) > 0 ? 1 : -1;
    star.source_distance_px = 0.2;
    star.source_mag = 17.1;
    if (n / 4 == 2)
      add(f, at(-100 + 22.0 * 0.72 * (n % 4), 500 - 9.0 * 0.72 * (n % 4)), 18.9, 0.93, random);
    if (n == 9) add(f, at(420, 20), 18.7, std::nan(""), random);
  }
  const std::vector<KnownStar> known{{3907215563213, at(-260.3, 310.1), 17.05}};
  AlertSet set = follow_candidates({}, frames, known, {}).set;
  const auto count = static_cast<std::int64_t>(set.alerts.size());
  set.science = {"science", "electron", "", {count, kSide, kSide}, {}};
  set.reference = {"template", "electron", "", {count, kSide, kSide}, {}};
  set.difference = {"difference", "electron", "", {count, kSide, kSide}, {}};
  for (std::size_t i = 0; i < set.alerts.size(); ++i) draw_cutouts(set.alerts[i], set, i);
  set.facts["caveat_missing"] = "frames without candidates: 1";
  return set;
}

}  // namespace polis
