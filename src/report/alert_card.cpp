#include "report/alert_card.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "report/html_text.h"
#include "report/light_curve_svg.h"
#include "report/stamp_picture.h"
#include "sky/sky_history.h"

namespace polis {
namespace {

/// Side of a cut-out on the page, in its own units.
constexpr double kSide = 63.0;

/// A bar of a round length that takes about a third of the cut-out.
double scale_bar_arcsec(double pixel_scale) {
  double best = 1.0;
  for (double length : {1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0}) {
    if (length <= 0.4 * kSide * pixel_scale) best = length;
  }
  return best;
}

/// Cross hair with an open middle, scale bar, north and east.
std::string overlay(const SearchedFrame& frame, bool with_scale) {
  std::string out = "<path class=\"hair\" d=\"M31.5 20v6M31.5 37v6M20 31.5h6M37 31.5h6\"/>";
  if (!with_scale || !(frame.pixel_scale_arcsec > 0.0)) return out;
  const double bar = scale_bar_arcsec(frame.pixel_scale_arcsec);
  out += fmt::format(
      "<path class=\"mark\" d=\"M3 59.5h{:.2f}\"/><text class=\"marked\" x=\"3\" "
      "y=\"57.5\">{:.0f}″</text>",
      bar / frame.pixel_scale_arcsec, bar);
  const Compass compass = compass_of(frame);
  if (!compass.known) return out;
  constexpr double kX = 52.5, kY = 51.5, kArm = 5, kText = 7.4;
  const auto arm = [&](double x, double y, char name) {
    out += fmt::format(
        "<path class=\"mark\" d=\"M{} {}l{:.2f} {:.2f}\"/><text class=\"marked\" x=\"{:.2f}\" "
        "y=\"{:.2f}\" text-anchor=\"middle\">{}</text>",
        kX, kY, kArm * x, -kArm * y, kX + kText * x, kY - kText * y + 1.5, name);
  };
  arm(compass.north_x, compass.north_y, 'N');
  arm(compass.east_x, compass.east_y, 'E');
  return out;
}

std::string picture(const NumberArray& array, std::size_t row, const Stretch& stretch,
                    const SearchedFrame& frame, const std::string& what, bool with_scale) {
  return fmt::format(
      "<figure><svg class=\"stamp\" viewBox=\"0 0 63 63\" role=\"img\" aria-label=\"{0}\"><image "
      "width=\"63\" height=\"63\" href=\"{1}\"/>{2}</svg><figcaption>{0}</figcaption></figure>\n",
      what, stamp_uri(array, row, stretch), overlay(frame, with_scale));
}

std::string triplet(const AlertSet& set, std::size_t row) {
  const SearchedFrame& frame = set.frame_of(set.detection_of(set.alerts[row]));
  // Science and reference share one stretch: what differs is light, not contrast.
  const Stretch stretch = stretch_of_image(set.science, row);
  return "<div class=\"triplet\">\n" + picture(set.science, row, stretch, frame, "science", true) +
         picture(set.reference, row, stretch, frame, "reference", false) +
         picture(set.difference, row, stretch_of_difference(set.difference, row), frame,
                 "difference", false) +
         "</div>\n";
}

std::string probabilities(const SkyDetection& d) {
  if (!std::isfinite(d.p_real_transient)) return {};  // the alert's caveat says so
  std::string out = "<ul class=\"bars\" aria-label=\"class probabilities\">\n";
  for (const CandidateClass& c : candidate_classes()) {
    const double p = d.*c.probability;
    std::string name(c.name);
    for (char& letter : name) letter = letter == '_' ? ' ' : letter;
    out += fmt::format(
        "<li><span>{}</span><span class=\"bar\"><i style=\"width:{:.1f}%\"></i></span><b>{}</b>"
        "</li>\n",
        name, std::isfinite(p) ? 100.0 * p : 0.0, shown(p, 3));
  }
  return out + "</ul>\n";
}

std::string row(const std::string& name, const std::string& value) {
  return "<dt>" + name + "</dt><dd>" + value + "</dd>\n";
}

std::string source_nearby(const SkyDetection& d, const SearchedFrame& frame) {
  if (!std::isfinite(d.source_distance_px)) return "none within 30 px";
  std::string text = d.source_extended != 0 ? "galaxy" : "star";
  if (std::isfinite(d.source_mag)) text += " of mag " + shown(d.source_mag, 2);
  return text + " at " + shown(d.source_distance_px * frame.pixel_scale_arcsec, 1) + "″";
}

std::string motion(const SkyObject& o) {
  const double rate = std::hypot(o.rate_ra_arcsec_per_h, o.rate_dec_arcsec_per_h);
  double angle = std::atan2(o.rate_ra_arcsec_per_h, o.rate_dec_arcsec_per_h) * 57.29577951308232;
  if (angle < 0.0) angle += 360.0;
  return fmt::format("{:.1f} ± {:.1f} ″/h towards position angle {:.0f}°", rate,
                     o.rate_error_arcsec_per_h, angle);
}

std::string finder_links(const SkyObject& o) {
  const double ra = o.ra_deg, dec = o.dec_deg;
  return fmt::format(
      "<details class=\"links\"><summary>addresses for a look elsewhere</summary><p><code>"
      "https://aladin.cds.unistra.fr/AladinLite/?target={0:.6f}%20{1:+.6f}&amp;fov=0.05</code></p>"
      "<p><code>https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={0:.6f}d{1:+.6f}d&amp;Radius=10"
      "&amp;Radius.unit=arcsec</code></p>"
      "<p><code>https://ned.ipac.caltech.edu/"
      "conesearch?coordinates={0:.6f}d%20{1:+.6f}d&amp;radius="
      "0.5</code></p></details>\n",
      ra, dec);
}

std::string facts(const AlertSet& set, const Alert& alert, const SkyObject& o) {
  const SkyDetection& d = set.detection_of(alert);
  const SearchedFrame& frame = set.frame_of(d);
  std::string out = "<dl>\n";
  // Of what moves, the place in this frame; the object's is a mean over the night.
  const SkyPosition place = o.moving != 0 ? d.position() : o.position();
  const double error = o.moving != 0 ? error_arcsec(d, frame) : o.error_arcsec;
  out += row("position", fmt::format("<b class=\"number\">{}</b> ± {}″<br><span class=\"number\">"
                                     "{} {}</span> deg, ICRS",
                                     sexagesimal(place.ra_deg, place.dec_deg), shown(error, 2),
                                     shown(place.ra_deg, 6), shown(place.dec_deg, 6)));
  if (o.moving != 0) out += row("motion", motion(o));
  out += row("brightness", fmt::format("{}{} ± {} mag, {}, S/N {}", d.sign < 0 ? "fainter by " : "",
                                       shown(d.mag, 2), shown(d.mag_error, 2),
                                       html_text(frame.physical_filter), shown(d.snr, 1)));
  out +=
      row("seen", fmt::format("{} UTC, {} / {} / {}", utc(frame.mjd_mid, 19), html_text(frame.site),
                              html_text(frame.instrument), html_text(frame.exposure_id)));
  out += row("history", fmt::format("{} detections in {} frames that show the place; first {}",
                                    o.detections, o.frames_covered, utc(o.mjd_first, 16)));
  out += row("nearest source", source_nearby(d, frame));
  if (o.known_id != 0)
    out += row("catalogue star",
               fmt::format("{}{}{}", o.known_id,
                           std::isfinite(o.known_mag) ? ", mag " + shown(o.known_mag, 2) : "",
                           std::isfinite(o.known_distance_arcsec)
                               ? ", at " + shown(o.known_distance_arcsec, 2) + "″"
                               : ""));
  out += row("shape",
             fmt::format("width {} px (stars {}), elongation {}, dipole {}", shown(d.fwhm_px, 2),
                         shown(frame.fwhm_px, 2), shown(d.elongation, 2), shown(d.dipole, 2)));
  out += row("on the frame", fmt::format("x {}, y {} (0-based); limit {} mag", shown(d.x, 1),
                                         shown(d.y, 1), shown(frame.limiting_mag, 2)));
  if (!frame.network.empty()) out += row("network", html_text(frame.network));
  out += row("alert", std::to_string(alert.candid));
  return out + "</dl>\n";
}

std::string further_alerts(const AlertSet& set, const AlertedObject& object, std::size_t most) {
  if (object.alerts.size() < 2) return {};
  std::string out =
      fmt::format("<details><summary>{} further alerts</summary>\n", object.alerts.size() - 1);
  for (std::size_t k = 1; k < object.alerts.size(); ++k) {
    const std::size_t i = object.alerts[k];
    const Alert& alert = set.alerts[i];
    out += fmt::format(
        "<p class=\"further\"><span class=\"number\">{}</span> {} {} ± {} mag, "
        "{}, p {}, alert {}</p>\n",
        utc(alert.mjd_mid, 19), html_text(alert.physical_filter), shown(alert.mag, 2),
        shown(alert.mag_error, 2), html_text(alert.exposure_id), shown(alert.p_real_transient, 3),
        alert.candid);
    if (k <= most) out += triplet(set, i);
  }
  return out + "</details>\n";
}

}  // namespace

std::vector<AlertedObject> alerted_objects(const AlertSet& set) {
  std::vector<AlertedObject> objects;
  std::map<std::int32_t, std::size_t> where;
  for (std::size_t i = 0; i < set.alerts.size(); ++i) {
    const std::int32_t object = set.detection_of(set.alerts[i]).object;
    const auto [found, is_new] = where.emplace(object, objects.size());
    if (is_new) objects.push_back({object, {}});
    objects[found->second].alerts.push_back(i);
  }
  return objects;
}

std::string tag_in_words(const std::string& tag) {
  if (tag == "orphan") return "new, nothing known there";
  if (tag == "galaxy") return "in or near a galaxy";
  if (tag == "variable") return "on a star of the reference";
  if (tag == "known_star") return "star of the catalogue";
  if (tag == "moving") return "moving";
  return tag == "pair" ? "moving, two detections" : tag;
}

std::string alert_card(const AlertSet& set, const AlertedObject& object, std::size_t rank,
                       std::size_t most_alerts) {
  const Alert& best = set.alerts[object.alerts.front()];
  const SkyObject& o = set.objects[static_cast<std::size_t>(object.object)];
  std::string out = fmt::format(
      "<section class=\"card t-{0}\" id=\"{1}\" aria-labelledby=\"h-{1}\">\n<h2 id=\"h-{1}\"><span "
      "class=\"rank\">{2}</span> {1} <span class=\"tag\">{3}</span> <span "
      "class=\"p\">p {4}</span></h2>\n",
      html_text(o.tag), html_text(o.name), rank, html_text(tag_in_words(o.tag)),
      shown(best.p_real_transient, 3));
  if (!best.caveat.empty()) out += "<p class=\"caveat\">" + html_text(best.caveat) + "</p>\n";
  out += "<div class=\"body\">\n<div class=\"left\">\n" + triplet(set, object.alerts.front());
  out += light_curve_svg(history_of(set, object.object), "light curve of " + o.name,
                         &set.detection_of(best));
  out += "</div>\n<div class=\"right\">\n" + probabilities(set.detection_of(best));
  out += facts(set, best, o) + finder_links(o) + "</div>\n</div>\n";
  return out + further_alerts(set, object, most_alerts) + "</section>\n";
}

}  // namespace polis
