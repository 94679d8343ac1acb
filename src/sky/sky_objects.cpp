#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <tuple>

#include "sky/line_motion.h"
#include "sky/object_names.h"
#include "sky/sky_history.h"

namespace polis {
namespace {

constexpr double kArcsecPerRadian = 180.0 * 3600.0 / std::numbers::pi;
constexpr double kHoursPerDay = 24.0;

/// Objects as lists of rows while they are sorted out.
class Sorter {
 public:
  Sorter(SkyHistory& history, const AlertSet& earlier, const FollowSettings& settings)
      : history_(history), earlier_(earlier), settings_(settings), objects_(earlier.objects) {}

  void join_resting();
  void link_moving();
  std::vector<SkyObject> describe(const std::vector<KnownStar>& known);

 private:
  using Rows = std::vector<std::size_t>;
  SkyPoint point_of(const HistoryRow& row) const;
  std::int32_t& object_of(std::size_t row) { return history_.rows[row].detection.object; }
  std::vector<Rows> rows_by_object();
  bool is_settled(const SkyObject& object, const Rows& rows) const;
  std::map<std::string, Rows> pool_by_site();
  void keep_most_probable(Rows& members);
  void take_tracklet(const Tracklet& tracklet, const Rows& pool, std::vector<Rows>& rows);
  void place(SkyObject& object, std::size_t number, const Rows& rows) const;
  void count(SkyObject& object, const Rows& rows) const;
  void identify(SkyObject& object, const Rows& rows, const std::vector<KnownStar>& known) const;
  void number_again(const std::vector<Rows>& rows);

  SkyHistory& history_;
  const AlertSet& earlier_;
  const FollowSettings& settings_;
  std::vector<SkyObject> objects_;
};

SkyPoint Sorter::point_of(const HistoryRow& row) const {
  const SearchedFrame& frame = history_.frame_of(row);
  return {row.detection.position(), error_arcsec(row.detection, frame), frame.mjd_mid,
          row.detection.frame};
}

void Sorter::join_resting() {
  std::vector<SkyGroup> known;
  Rows known_rows;  // row of the object
  for (std::size_t k = 0; k < objects_.size(); ++k) {
    if (objects_[k].moving != 0) continue;
    known.push_back({objects_[k].position(), objects_[k].error_arcsec, {}});
    known_rows.push_back(k);
  }
  std::vector<SkyPoint> points;
  Rows origin;
  for (std::size_t i = 0; i < history_.rows.size(); ++i) {
    if (!history_.rows[i].is_new()) continue;
    points.push_back(point_of(history_.rows[i]));
    origin.push_back(i);
  }
  const auto groups = associate(points, known, settings_.associate);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::size_t object = g < known.size() ? known_rows[g] : objects_.size();
    if (g >= known.size()) objects_.emplace_back();
    for (std::size_t m : groups[g].members)
      object_of(origin[m]) = static_cast<std::int32_t>(object);
  }
}

std::vector<Sorter::Rows> Sorter::rows_by_object() {
  std::vector<Rows> rows(objects_.size());
  for (std::size_t i = 0; i < history_.rows.size(); ++i)
    rows[static_cast<std::size_t>(object_of(i))].push_back(i);
  return rows;
}

/// Stars and what stays where it is: they explain their detections, no mover may take them.
bool Sorter::is_settled(const SkyObject& object, const Rows& rows) const {
  if (object.moving != 0) return false;
  std::vector<TimedPlace> places;
  for (std::size_t i : rows) {
    const SkyDetection& d = history_.rows[i].detection;
    if (d.known_id != 0) return true;
    const SkyPoint point = point_of(history_.rows[i]);
    const auto [xi, eta] =
        project_tan(history_.rows[rows.front()].detection.position(), point.position);
    places.push_back({{xi * kArcsecPerRadian, eta * kArcsecPerRadian},
                      point.mjd * kHoursPerDay,
                      with_floor(point.error_arcsec, settings_.associate.floor_arcsec)});
  }
  const LineMotion motion = fit_line_motion(places);
  if (!motion.determined) return object.alerts > 1;
  const double rate = std::hypot(motion.rate.x, motion.rate.y);
  constexpr double kSigma = 3.0;
  // With hours between its detections even the slowest mover would have left.
  return rate < settings_.movers.motion_sigma * motion.rate_error &&
         rate + kSigma * motion.rate_error < 2.0 * settings_.movers.least_rate_arcsec_per_h;
}

/// Trying lines costs the square of the number: junk must not stop the night.
void Sorter::keep_most_probable(Rows& members) {
  const auto rank = [&](std::size_t i) {
    const SkyDetection& d = history_.rows[i].detection;
    return std::tuple(is_judged(d) ? -d.p_real_transient : 0.0, -d.snr, i);
  };
  if (members.size() > settings_.most_mover_points) {
    std::sort(members.begin(), members.end(),
              [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    history_.untried += members.size() - settings_.most_mover_points;
    members.resize(settings_.most_mover_points);
  }
  std::sort(members.begin(), members.end());
}

std::map<std::string, Sorter::Rows> Sorter::pool_by_site() {
  const std::vector<Rows> rows = rows_by_object();
  double first_new = 1e30;
  for (const HistoryRow& row : history_.rows) {
    if (row.is_new()) first_new = std::fmin(first_new, history_.frame_of(row).mjd_mid);
  }
  std::map<std::string, Rows> pool;
  for (std::size_t k = 0; k < objects_.size(); ++k) {
    if (rows[k].empty() || is_settled(objects_[k], rows[k])) continue;
    for (std::size_t i : rows[k]) {
      const HistoryRow& row = history_.rows[i];
      const SearchedFrame& frame = history_.frame_of(row);
      const bool recent =
          frame.mjd_mid >= first_new - settings_.movers.longest_span_h / kHoursPerDay;
      if (recent && is_above(row.detection, frame, settings_.mover_probability, settings_.cut))
        pool[frame.site].push_back(i);
    }
  }
  for (auto& [site, members] : pool) keep_most_probable(members);
  return pool;
}

void Sorter::take_tracklet(const Tracklet& tracklet, const Rows& pool, std::vector<Rows>& rows) {
  std::int32_t object = -1;
  for (std::size_t m : tracklet.members) {
    const std::int32_t there = object_of(pool[m]);
    const auto k = static_cast<std::size_t>(there);
    const bool from_earlier = k < earlier_.objects.size();
    // Two detections that move are believed only where no thing at rest claims one of them.
    if (tracklet.members.size() == 2 && objects_[k].moving == 0 && rows[k].size() > 1) return;
    if (from_earlier && (object < 0 || objects_[k].moving != 0)) object = there;
  }
  if (object < 0) {
    object = static_cast<std::int32_t>(objects_.size());
    objects_.emplace_back();
  }
  SkyObject& o = objects_[static_cast<std::size_t>(object)];
  o.moving = 1;
  o.ra_deg = tracklet.position.ra_deg;
  o.dec_deg = tracklet.position.dec_deg;
  o.mjd_mean = tracklet.mjd;
  o.rate_ra_arcsec_per_h = tracklet.rate_ra_arcsec_per_h;
  o.rate_dec_arcsec_per_h = tracklet.rate_dec_arcsec_per_h;
  o.rate_error_arcsec_per_h = tracklet.rate_error_arcsec_per_h;
  o.chance = tracklet.chance;
  for (std::size_t m : tracklet.members) object_of(pool[m]) = object;
}

void Sorter::link_moving() {
  for (const auto& [site, pool] : pool_by_site()) {
    MoverSettings settings = settings_.movers;
    double area = 0.0;
    std::vector<MovingPoint> points;
    for (std::size_t i : pool) {
      const HistoryRow& row = history_.rows[i];
      const SearchedFrame& frame = history_.frame_of(row);
      area = std::max(area, frame.area_arcsec2());
      points.push_back({point_of(row), row.detection.mag, frame.physical_filter});
    }
    if (area > 0.0) settings.area_arcsec2 = area;
    std::vector<Rows> rows = rows_by_object();
    for (const Tracklet& tracklet : link_movers(points, settings))
      take_tracklet(tracklet, pool, rows);
  }
}

/// Weighted mean; an earlier position counts with its own error.
void Sorter::place(SkyObject& object, std::size_t number, const Rows& rows) const {
  if (object.moving != 0) {
    object.error_arcsec = settings_.associate.floor_arcsec;
    return;
  }
  const bool from_earlier = number < earlier_.objects.size();
  const SkyPosition centre =
      from_earlier ? object.position() : history_.rows[rows.front()].detection.position();
  double weight = 0.0, x = 0.0, y = 0.0;
  if (from_earlier && object.error_arcsec > 0.0) weight = std::pow(object.error_arcsec, -2.0);
  for (std::size_t i : rows) {
    const HistoryRow& row = history_.rows[i];
    if (from_earlier && !row.is_new()) continue;
    const double error = with_floor(point_of(row).error_arcsec, settings_.associate.floor_arcsec);
    const auto [xi, eta] = project_tan(centre, row.detection.position());
    weight += 1.0 / (error * error);
    x += xi / (error * error);
    y += eta / (error * error);
  }
  if (!(weight > 0.0)) return;
  const SkyPosition mean = unproject_tan(centre, {x / weight, y / weight});
  object.ra_deg = mean.ra_deg;
  object.dec_deg = mean.dec_deg;
  object.error_arcsec = 1.0 / std::sqrt(weight);
}

void Sorter::count(SkyObject& object, const Rows& rows) const {
  for (std::size_t i : rows) {
    const HistoryRow& row = history_.rows[i];
    const double mjd = history_.frame_of(row).mjd_mid;
    object.mjd_first = std::fmin(object.mjd_first, mjd);
    object.mjd_last = std::fmax(object.mjd_last, mjd);
    object.most_probable = std::fmax(object.most_probable, row.detection.p_real_transient);
    if (object.known_id == 0) object.known_id = row.detection.known_id;
    object.detections += row.is_new() ? 1 : 0;
  }
  if (object.moving == 0) object.mjd_mean = 0.5 * (object.mjd_first + object.mjd_last);
  object.frames_covered = 0;
  for (const SearchedFrame& frame : history_.frames)
    object.frames_covered += frame.covers(object.position()) ? 1 : 0;
}

void Sorter::identify(SkyObject& object, const Rows& rows,
                      const std::vector<KnownStar>& known) const {
  double nearest = settings_.known_radius_arcsec;
  for (const KnownStar& star : known) {
    if (object.moving != 0 || std::abs(star.position.dec_deg - object.dec_deg) > 0.1) continue;
    const double distance = separation_arcsec(star.position, object.position());
    if (!(distance < nearest)) continue;
    nearest = distance;
    object.known_id = star.id;
    object.known_ra_deg = star.position.ra_deg;
    object.known_dec_deg = star.position.dec_deg;
    object.known_distance_arcsec = distance;
    object.known_mag = star.mag;
  }
  if (!rows.empty()) object.tag = tag_of(object, history_.rows[rows.back()].detection);
}

/// Drops objects that nothing belongs to and no alert told of; rows follow.
void Sorter::number_again(const std::vector<Rows>& rows) {
  std::vector<SkyObject> kept;
  for (std::size_t k = 0; k < objects_.size(); ++k) {
    if (rows[k].empty() && objects_[k].alerts == 0) continue;
    for (std::size_t i : rows[k]) object_of(i) = static_cast<std::int32_t>(kept.size());
    kept.push_back(std::move(objects_[k]));
  }
  objects_ = std::move(kept);
}

std::vector<SkyObject> Sorter::describe(const std::vector<KnownStar>& known) {
  const std::vector<Rows> rows = rows_by_object();
  ObjectNames names;
  for (const SkyObject& object : earlier_.objects) names.reserve(object.name);
  for (std::size_t k = 0; k < objects_.size(); ++k) {
    if (rows[k].empty()) continue;
    place(objects_[k], k, rows[k]);
    count(objects_[k], rows[k]);
    identify(objects_[k], rows[k], known);
    const HistoryRow& first = history_.rows[rows[k].front()];
    if (objects_[k].name.empty())
      objects_[k].name = names.name_for(history_.frame_of(first), first.detection);
  }
  number_again(rows);
  return std::move(objects_);
}

}  // namespace

std::vector<SkyObject> sort_into_objects(SkyHistory& history, const AlertSet& earlier,
                                         const std::vector<KnownStar>& known,
                                         const FollowSettings& settings) {
  Sorter sorter(history, earlier, settings);
  sorter.join_resting();
  sorter.link_moving();
  return sorter.describe(known);
}

}  // namespace polis
