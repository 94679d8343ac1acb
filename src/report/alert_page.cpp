#include "report/alert_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "report/alert_card.h"
#include "report/alert_page_style.h"
#include "report/html_text.h"

namespace polis {
namespace {

std::string joined(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// First and last frame with an alert, as dates.
std::string dates_of(const AlertSet& set) {
  double first = kUnknown, last = kUnknown;
  for (const Alert& alert : set.alerts) {
    first = std::fmin(first, alert.mjd_mid);
    last = std::fmax(last, alert.mjd_mid);
  }
  const std::string from = utc(first, 16), to = utc(last, 16);
  if (from == to) return from;
  return from + " to " + (from.substr(0, 10) == to.substr(0, 10) ? to.substr(11) : to);
}

std::string header(const AlertSet& set, std::size_t objects) {
  std::set<std::string> sites, filters;
  for (const Alert& alert : set.alerts) {
    sites.insert(alert.site);
    filters.insert(alert.physical_filter);
  }
  std::string out = fmt::format(
      "<header>\n<h1>Alerts {}</h1>\n<p class=\"lead\">{} alerts of {} objects; sites: "
      "{}; filters: {}; {} frames searched or remembered. The most probable come "
      "first.</p>\n",
      set.alerts.empty() ? "" : "of " + dates_of(set), set.alerts.size(), objects,
      html_text(joined(sites)), html_text(joined(filters)), set.frames.size());
  for (const auto& [name, value] : set.facts) {
    if (name.starts_with("caveat")) out += "<p class=\"caveat\">" + html_text(value) + "</p>\n";
  }
  return out + "</header>\n";
}

/// Boxes that hide objects of a kind; no script is needed.
std::string filters(const AlertSet& set, const std::vector<AlertedObject>& objects) {
  std::map<std::string, int> tags;
  for (const AlertedObject& o : objects)
    ++tags[set.objects[static_cast<std::size_t>(o.object)].tag];
  if (tags.size() < 2) return {};
  std::string out = "<fieldset><legend>show</legend>\n";
  for (const auto& [tag, count] : tags)
    out += fmt::format("<label><input type=\"checkbox\" id=\"s-{0}\" checked> {1} ({2})</label>\n",
                       html_text(tag), html_text(tag_in_words(tag)), count);
  return out + "</fieldset>\n";
}

std::string table_row(const AlertSet& set, const AlertedObject& object, std::size_t rank,
                      bool has_card) {
  const SkyObject& o = set.objects[static_cast<std::size_t>(object.object)];
  const Alert& best = set.alerts[object.alerts.front()];
  const std::string name = html_text(o.name);
  return fmt::format(
      "<tr class=\"t-{}\"><td class=\"n\">{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td "
      "class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
      "class=\"n\">{}</td><td>{}</td></tr>\n",
      html_text(o.tag), rank, has_card ? "<a href=\"#" + name + "\">" + name + "</a>" : name,
      html_text(tag_in_words(o.tag)), sexagesimal(o.ra_deg, o.dec_deg), shown(best.mag, 2),
      html_text(best.physical_filter), shown(best.snr, 1), shown(best.p_real_transient, 3),
      o.detections, html_text(best.site));
}

std::string table(const AlertSet& set, const std::vector<AlertedObject>& objects,
                  std::size_t cards) {
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"table of objects\">"
      "<table>\n<thead><tr><th class=\"n\" scope=\"col\">#</th><th scope=\"col\">object</th><th "
      "scope=\"col\">what</th><th class=\"n\" scope=\"col\">RA, Dec (ICRS)</th><th class=\"n\" "
      "scope=\"col\">mag</th><th scope=\"col\">filter</th><th class=\"n\" "
      "scope=\"col\">S/N</th><th class=\"n\" scope=\"col\">p real</th><th class=\"n\" "
      "scope=\"col\">seen</th><th scope=\"col\">site</th></tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < objects.size(); ++i)
    out += table_row(set, objects[i], i + 1, i < cards);
  return out + "</tbody>\n</table></div>\n";
}

}  // namespace

std::string alert_page(const AlertSet& set, const AlertPageSettings& settings) {
  const std::vector<AlertedObject> objects = alerted_objects(set);
  const std::size_t cards = std::min(objects.size(), settings.most_objects);
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Alerts" +
      (set.alerts.empty() ? std::string() : " of " + dates_of(set)) + "</title>\n<style>" +
      std::string(kAlertPageStyle) + "</style>\n</head>\n<body>\n";
  out += header(set, objects.size()) + "<main>\n";
  if (objects.empty()) {
    out += "<p>No new detection was found to be real.</p>\n";
  } else {
    out += filters(set, objects) + table(set, objects, cards);
  }
  for (std::size_t i = 0; i < cards; ++i)
    out += alert_card(set, objects[i], i + 1, settings.most_alerts);
  if (cards < objects.size())
    out += fmt::format(
        "<p class=\"caveat\">{} further objects have no card here: they are in the "
        "table, and in the product.</p>\n",
        objects.size() - cards);
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace polis
