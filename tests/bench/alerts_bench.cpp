// Linking, association and writing of alerts on lists with known truth.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/random.h"
#include "formats/alert_exits.h"
#include "report/alert_page.h"
#include "sky/follow_candidates.h"

namespace {

using namespace polis;

constexpr SkyPosition kCentre{150.0, 12.0};
constexpr double kArcsecPerRadian = 206264.80624709636;
constexpr double kHalf = 1800.0;  ///< half of the field [arcsec]
constexpr double kError = 0.2;    ///< of a position [arcsec]

double seconds_since(std::clock_t begin) {
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

SkyPosition at(double east, double north) {
  return unproject_tan(kCentre, {east / kArcsecPerRadian, north / kArcsecPerRadian});
}

/// Points with the mover that they belong to; -1: none.
struct MoverNight {
  std::vector<MovingPoint> points;
  std::vector<int> truth;
};

MoverNight mover_night(int frames, int movers, int junk, std::uint64_t seed) {
  MoverNight night;
  RandomStream random(seed, "night");
  const auto add = [&](double hours, int frame, double x, double y, int mover) {
    night.points.push_back({{at(x + kError * random.normal(), y + kError * random.normal()), kError,
                             60000.0 + hours / 24.0, frame},
                            19.0,
                            "r"});
    night.truth.push_back(mover);
  };
  for (int m = 0; m < movers; ++m) {
    const double rate = 10.0 * std::pow(10.0, random.uniform(-0.5, 1.0));  // 3 to 100 arcsec/h
    const double angle = random.uniform(0.0, 6.2831853);
    const double x = random.uniform(-kHalf, kHalf), y = random.uniform(-kHalf, kHalf);
    for (int f = 0; f < frames; ++f) {
      const double hours = 3.0 * f / (frames - 1);
      if (random.uniform() < 0.85)
        add(hours, f, x + rate * hours * std::cos(angle), y + rate * hours * std::sin(angle), m);
    }
  }
  for (int f = 0; f < frames; ++f)
    for (int k = 0; k < junk; ++k)
      add(3.0 * f / (frames - 1), f, random.uniform(-kHalf, kHalf), random.uniform(-kHalf, kHalf),
          -1);
  return night;
}

void measure_movers(const char* name, int frames, int junk) {
  int movers = 0, found = 0, wrong = 0, tracklets = 0;
  double seconds = 0.0;
  std::size_t points = 0;
  constexpr int kNights = 5, kMovers = 20;
  for (std::uint64_t n = 0; n < kNights; ++n) {
    const MoverNight night = mover_night(frames, kMovers, junk, n);
    MoverSettings settings;
    settings.area_arcsec2 = 4.0 * kHalf * kHalf;
    const std::clock_t begin = std::clock();
    const auto result = link_movers(night.points, settings);
    seconds += seconds_since(begin);
    points += night.points.size();
    std::vector<int> seen(kMovers, 0), linked(kMovers, 0);
    for (int m : night.truth)
      if (m >= 0) ++seen[static_cast<std::size_t>(m)];
    for (const Tracklet& t : result) {
      ++tracklets;
      const int m = night.truth[t.members.front()];
      const bool pure = m >= 0 && std::all_of(t.members.begin(), t.members.end(),
                                              [&](auto i) { return night.truth[i] == m; });
      wrong += pure ? 0 : 1;
      if (pure) linked[static_cast<std::size_t>(m)] = 1;
    }
    for (std::size_t m = 0; m < kMovers; ++m) {
      if (seen[m] < 3) continue;
      ++movers;
      found += linked[m];
    }
  }
  std::printf("movers, %s: linked, of those with 3 detections | %.2f %% of %d | | | >= 95 %%\n",
              name, 100.0 * found / movers, movers);
  std::printf("movers, %s: tracklets with a foreign detection | %.2f %% of %d | | | <= 3 %%\n",
              name, 100.0 * wrong / std::max(tracklets, 1), tracklets);
  std::printf("movers, %s: time per night, %zu points | %.3g s | | |\n", name, points / kNights,
              seconds / kNights);
}

void measure_association() {
  constexpr int kThings = 2000, kFrames = 40;
  RandomStream random(1, "things");
  std::vector<SkyPosition> things;
  for (int k = 0; k < kThings; ++k)
    things.push_back(at(random.uniform(-kHalf, kHalf), random.uniform(-kHalf, kHalf)));
  std::vector<SkyPoint> points;
  std::vector<int> truth;
  for (int f = 0; f < kFrames; ++f) {
    for (int k = 0; k < kThings; ++k) {
      const auto [xi, eta] = project_tan(kCentre, things[static_cast<std::size_t>(k)]);
      points.push_back({at(xi * kArcsecPerRadian + kError * random.normal(),
                           eta * kArcsecPerRadian + kError * random.normal()),
                        kError, 60000.0 + f, f});
      truth.push_back(k);
    }
  }
  const std::clock_t begin = std::clock();
  const auto groups = associate(points, {}, {});
  const double seconds = seconds_since(begin);
  std::size_t right = 0;
  for (const SkyGroup& group : groups) {
    std::vector<std::size_t> votes(kThings, 0);
    for (std::size_t i : group.members) ++votes[static_cast<std::size_t>(truth[i])];
    const std::size_t most = *std::max_element(votes.begin(), votes.end());
    if (2 * most > kFrames) right += most;
  }
  std::printf(
      "objects, 2000 at rest in 40 frames: detections joined to their object | %.3f %% | | | "
      ">= 99.9 %%\n",
      100.0 * static_cast<double>(right) / static_cast<double>(points.size()));
  std::printf("objects: speed, one thread | %.3g detections/s | | |\n",
              static_cast<double>(points.size()) / seconds);
}

AlertSet many_alerts(int count) {
  CandidateFrame frame;
  frame.frame.exposure_id = "f";
  frame.frame.mjd_mid = 60000.0;
  frame.frame.pixel_scale_arcsec = 1.0;
  for (int k = 0; k < count; ++k) {
    Candidate c;
    c.id = k + 1;
    c.x = c.y = 10.0 * k;
    c.x_error = c.y_error = 0.1;
    c.ra_deg = 150.0 + 0.01 * k;
    c.dec_deg = 12.0;
    c.mag = 18.0;
    c.mag_error = 0.05;
    c.snr = 20.0;
    c.p_real_transient = 0.99;
    frame.candidates.push_back(c);
  }
  FollowSettings settings;
  settings.most_alerts_per_frame = count;
  AlertSet set = follow_candidates({}, {frame}, {}, settings).set;
  RandomStream random(2, "pixels");
  for (NumberArray* array : {&set.science, &set.reference, &set.difference}) {
    *array = {"pixels", "electron", "", {count, 63, 63}, {}};
    for (int i = 0; i < count * 63 * 63; ++i)
      array->values.push_back(static_cast<float>(10.0 * random.normal()));
  }
  return set;
}

void measure_exits() {
  constexpr int kAlerts = 200;
  const AlertSet set = many_alerts(kAlerts);
  std::clock_t begin = std::clock();
  const Bytes packets = write_alert_packets(set);
  std::printf(
      "Avro packets with three gzipped cut-outs, one thread | %.3g alerts/s, %.3g kB each | | "
      "|\n",
      kAlerts / seconds_since(begin), static_cast<double>(packets.size()) / kAlerts / 1e3);
  begin = std::clock();
  const std::string page = alert_page(set);
  std::printf("page of 200 objects with cut-outs, one thread | %.3g s, %.3g MB | | |\n",
              seconds_since(begin), static_cast<double>(page.size()) / 1e6);
}

}  // namespace

int main() {
  measure_movers("6 frames, 20 movers, 20 others each", 6, 20);
  measure_movers("12 frames, 20 movers, 60 others each", 12, 60);
  measure_association();
  measure_exits();
  return 0;
}
