#include "report/light_curve_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "report/html_text.h"
#include "sky/time.h"

namespace polis {
namespace {

constexpr double kWidth = 460, kHeight = 210, kLeft = 52, kRight = 14, kTop = 26, kBottom = 38;
constexpr int kShapes = 5;

/// One mark of the plot.
struct Mark {
  double day = 0.0, value = 0.0, error = 0.0;
  bool is_limit = false, is_fainter = false, is_shown = false;
  std::string filter;
  std::string told;  ///< for the pointer
};

struct Range {
  double low = 0.0, high = 1.0;
};

Range range_of(std::vector<double> values, double margin, double least) {
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double pad = std::max(margin * (*high - *low), 0.5 * (least - (*high - *low)));
  return {*low - pad, *high + pad};
}

class Plot {
 public:
  Plot(const std::vector<HistoryPoint>& history, std::string title, const SkyDetection* chosen)
      : title_(std::move(title)), chosen_(chosen) {
    for (const HistoryPoint& p : history) {
      if (p.detection != nullptr && std::isfinite(p.detection->mag)) in_mag_ = true;
    }
    for (const HistoryPoint& p : history) add(p);
    if (marks_.empty()) return;
    origin_ = std::floor(first_);
    for (Mark& mark : marks_) mark.day -= origin_;
    set_ranges();
  }

  std::string draw() const {
    if (marks_.empty()) return "<p class=\"none\">no brightness is known</p>\n";
    std::string out = fmt::format(
        "<svg class=\"curve\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n<title>{}"
        "</title>\n",
        kWidth, kHeight, html_text(title_), html_text(title_));
    out += axes() + legend();
    for (const Mark& mark : marks_) out += draw_mark(mark);
    return out + "</svg>\n";
  }

 private:
  void add(const HistoryPoint& p) {
    if (!std::isfinite(p.frame->mjd_mid)) return;
    Mark mark;
    mark.day = p.frame->mjd_mid;
    mark.filter = p.frame->physical_filter;
    mark.is_limit = p.detection == nullptr;
    mark.is_shown = !mark.is_limit && p.detection == chosen_;
    if (mark.is_limit) {
      mark.value = in_mag_ ? p.frame->limiting_mag : std::nan("");
    } else {
      mark.value = in_mag_ ? p.detection->mag : p.detection->flux_e;
      mark.error = in_mag_ ? p.detection->mag_error : p.detection->flux_error_e;
      mark.is_fainter = in_mag_ && p.detection->sign < 0;
    }
    if (!std::isfinite(mark.value)) return;
    if (!std::isfinite(mark.error)) mark.error = 0.0;
    mark.told =
        fmt::format("{} {} {}{}{} {}", iso_from_mjd(mark.day), mark.filter,
                    mark.is_limit ? "> " : "", shown(mark.value, in_mag_ ? 2 : 0),
                    mark.is_limit ? "" : " ± " + shown(mark.error, in_mag_ ? 2 : 0), p.frame->site);
    first_ = marks_.empty() ? mark.day : std::min(first_, mark.day);
    if (!filters_.contains(mark.filter)) filters_[mark.filter] = look_of(mark.filter);
    marks_.push_back(std::move(mark));
  }

  /// Bands keep their colour from page to page; another filter takes one that is free.
  int look_of(const std::string& filter) const {
    constexpr std::string_view kBands = "urgizUBVRI";
    constexpr std::array kLooks{0, 1, 2, 3, 4, 0, 0, 2, 1, 3};
    const auto band = filter.empty() ? std::string_view::npos : kBands.find(filter.back());
    int look = band == std::string_view::npos ? 0 : kLooks[band];
    for (int tries = 0; tries < kShapes && is_taken(look); ++tries) look = (look + 1) % kShapes;
    return look;
  }
  bool is_taken(int look) const {
    return std::any_of(filters_.begin(), filters_.end(),
                       [&](const auto& filter) { return filter.second == look; });
  }

  void set_ranges() {
    std::vector<double> days, values;
    for (const Mark& mark : marks_) {
      days.push_back(mark.day);
      values.push_back(mark.value - mark.error);
      values.push_back(mark.value + mark.error);
    }
    constexpr double kLeastDays = 0.02, kLeastMag = 0.4;
    days_ = range_of(days, 0.05, kLeastDays);
    values_ = range_of(values, 0.12, in_mag_ ? kLeastMag : 1.0);
  }

  double x_of(double day) const {
    return kLeft + (day - days_.low) / (days_.high - days_.low) * (kWidth - kLeft - kRight);
  }
  /// Bright is up.
  double y_of(double value) const {
    const double share = (value - values_.low) / (values_.high - values_.low);
    return kTop + (in_mag_ ? share : 1.0 - share) * (kHeight - kTop - kBottom);
  }

  std::string axes() const {
    const double right = kWidth - kRight, bottom = kHeight - kBottom;
    std::string out =
        fmt::format("<rect class=\"box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", kLeft,
                    kTop, right - kLeft, bottom - kTop);
    const auto days = nice_ticks(days_.low, days_.high, 3);
    const int digits = digits_of(days);
    for (double day : days)
      out += fmt::format(
          "<path class=\"tick\" d=\"M{0:.1f} {1}v-5\"/><text x=\"{0:.1f}\" y=\"{2}\" "
          "text-anchor=\"middle\">{3:.{4}f}</text>\n",
          x_of(day), bottom, bottom + 14, day, digits);
    const auto values = nice_ticks(values_.low, values_.high, 3);
    const int value_digits = digits_of(values);
    for (double value : values)
      out += fmt::format(
          "<path class=\"grid\" d=\"M{0} {1:.1f}H{2}\"/><text x=\"{3}\" y=\"{4:.1f}\" "
          "text-anchor=\"end\">{5:.{6}f}</text>\n",
          kLeft, y_of(value), right, kLeft - 6, y_of(value) + 4, value, value_digits);
    return out + fmt::format(
                     "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">MJD − {:.0f} "
                     "[day, UTC]</text>\n<text x=\"{}\" y=\"{}\">{}</text>\n",
                     0.5 * (kLeft + right), kHeight - 6, origin_, kLeft - 44, kTop - 11,
                     quantity());
  }

  std::string quantity() const {
    std::string text = in_mag_ ? "mag of the difference" : "electrons of the difference";
    const bool fainter =
        std::any_of(marks_.begin(), marks_.end(), [](const Mark& mark) { return mark.is_fainter; });
    if (fainter) text += "; hollow: fainter than the reference";
    return text;
  }

  static int digits_of(const std::vector<double>& ticks) {
    if (ticks.size() < 2) return 2;
    const double step = ticks[1] - ticks[0];
    return step >= 1.0 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  }

  std::string legend() const {
    std::vector<std::pair<std::string, int>> names(filters_.begin(), filters_.end());
    std::string out;
    double x = kWidth - kRight;
    for (auto it = names.rbegin(); it != names.rend(); ++it) {
      x -= 14.0 + 7.0 * static_cast<double>(it->first.size());
      out += fmt::format("<g class=\"f{}\">{}<text x=\"{:.1f}\" y=\"{}\">{}</text></g>\n",
                         it->second, shape(it->second, x, kTop - 15, false), x + 7, kTop - 11,
                         html_text(it->first));
      x -= 8.0;
    }
    return out;
  }

  /// A shape per filter, so that colour is not needed to tell them apart.
  static std::string shape(int number, double x, double y, bool hollow) {
    const char* fill = hollow ? " class=\"hollow\"" : "";
    switch (number) {
      case 0:
        return fmt::format("<circle{} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.6\"/>", fill, x, y);
      case 1:
        return fmt::format("<rect{} x=\"{:.1f}\" y=\"{:.1f}\" width=\"6.6\" height=\"6.6\"/>", fill,
                           x - 3.3, y - 3.3);
      case 2:
        return fmt::format("<path{} d=\"M{:.1f} {:.1f}l4.4 4.4-4.4 4.4-4.4-4.4z\"/>", fill, x,
                           y - 4.4);
      case 3:
        return fmt::format("<path{} d=\"M{:.1f} {:.1f}l4.2 7.4h-8.4z\"/>", fill, x, y - 4.4);
      default:
        return fmt::format("<path{} d=\"M{:.1f} {:.1f}v8m-4-4h8\"/>", fill, x, y - 4.0);
    }
  }

  std::string draw_mark(const Mark& mark) const {
    const double x = x_of(mark.day), y = y_of(mark.value);
    const int filter = filters_.at(mark.filter);
    std::string out =
        fmt::format("<g class=\"f{}\"><title>{}</title>", filter, html_text(mark.told));
    if (mark.is_limit) {
      out += fmt::format(
          "<path class=\"limit\" d=\"M{0:.1f} {1:.1f}h8m-4 0v9m-3-3.5l3 3.5 3-3.5\"/>", x - 4, y);
    } else {
      if (mark.error > 0.0)
        out += fmt::format("<path class=\"error\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/>", x,
                           y_of(mark.value - mark.error), y_of(mark.value + mark.error));
      out += shape(filter, x, y, mark.is_fainter);
      if (mark.is_shown)
        out += fmt::format("<circle class=\"shown\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"8\"/>", x, y);
    }
    return out + "</g>\n";
  }

  std::string title_;
  const SkyDetection* chosen_;
  bool in_mag_ = false;
  double first_ = 0.0, origin_ = 0.0;
  std::vector<Mark> marks_;
  std::map<std::string, int> filters_;
  Range days_, values_;
};

}  // namespace

std::vector<double> nice_ticks(double low, double high, int wanted) {
  std::vector<double> ticks;
  if (!(high > low) || wanted < 1) return ticks;
  const double rough = (high - low) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = power;
  for (double factor : {2.0, 5.0}) {
    if (factor * power <= rough * (1.0 + 1e-9)) step = factor * power;
  }
  for (double k = std::ceil(low / step); k * step <= high; k += 1.0)
    ticks.push_back(k == 0.0 ? 0.0 : k * step);
  return ticks;
}

std::string light_curve_svg(const std::vector<HistoryPoint>& history, const std::string& title,
                            const SkyDetection* chosen) {
  return Plot(history, title, chosen).draw();
}

}  // namespace polis
