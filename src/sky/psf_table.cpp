#include "sky/psf_table.h"

#include "base/error.h"
#include "base/number_text.h"

namespace polis {
namespace {

constexpr int largest_size = 1001;

double fact(const Table& table, const char* name) {
  const auto found = table.facts.find(name);
  const auto value = found == table.facts.end() ? std::nullopt : number_from(found->second);
  if (!value)
    throw Error(ErrorKind::not_found, "cannot read the PSF of a catalog",
                std::string("the fact ") + name + " is missing or not a number",
                "measure the frame again");
  return *value;
}

int whole_fact(const Table& table, const char* name, int low, int high) {
  const double value = fact(table, name);
  if (!(value >= low && value <= high) || value != static_cast<int>(value))
    throw Error(ErrorKind::bad_input, "cannot read the PSF of a catalog",
                std::string("the fact ") + name + " is " + number_text(value),
                "measure the frame again");
  return static_cast<int>(value);
}

PsfModel geometry_from(const Table& table) {
  PsfModel model;
  model.size = whole_fact(table, "size", 0, largest_size);
  model.oversampling = whole_fact(table, "oversampling", 1, 16);
  model.order = whole_fact(table, "order", 0, 4);
  model.x_centre = fact(table, "x_centre");
  model.y_centre = fact(table, "y_centre");
  model.x_scale = fact(table, "x_scale");
  model.y_scale = fact(table, "y_scale");
  model.fwhm_px = fact(table, "fwhm_px");
  model.enclosed = fact(table, "enclosed");
  model.stars = whole_fact(table, "stars", 0, 1 << 30);
  return model;
}

}  // namespace

Table psf_table(const PsfModel& model) {
  std::vector<std::int32_t> terms, xs, ys;
  std::vector<float> values;
  for (std::size_t t = 0; t < model.terms.size(); ++t) {
    const Plane<float>& plane = model.terms[t];
    const std::ptrdiff_t middle = plane.width() / 2;
    for (std::ptrdiff_t y = 0; y < plane.height(); ++y)
      for (std::ptrdiff_t x = 0; x < plane.width(); ++x) {
        if (plane(x, y) == 0.0F) continue;
        terms.push_back(static_cast<std::int32_t>(t));
        xs.push_back(static_cast<std::int32_t>(x - middle));
        ys.push_back(static_cast<std::int32_t>(y - middle));
        values.push_back(plane(x, y));
      }
  }
  Table table("psf");
  table.add({"term", "", "", "term of the polynomial over the field", std::move(terms)})
      .add({"x", "", "", "offset from the star in samples", std::move(xs)})
      .add({"y", "", "", "offset from the star in samples", std::move(ys)})
      .add({"value", "", "", "share of the light in a pixel at that offset", std::move(values)});
  table.facts = {{"size", std::to_string(model.size)},
                 {"oversampling", std::to_string(model.oversampling)},
                 {"order", std::to_string(model.order)},
                 {"x_centre", number_text(model.x_centre)},
                 {"y_centre", number_text(model.y_centre)},
                 {"x_scale", number_text(model.x_scale)},
                 {"y_scale", number_text(model.y_scale)},
                 {"fwhm_px", number_text(model.fwhm_px)},
                 {"enclosed", number_text(model.enclosed)},
                 {"stars", std::to_string(model.stars)}};
  return table;
}

PsfModel psf_from(const Table& table) {
  PsfModel model = geometry_from(table);
  const std::ptrdiff_t side = psf_samples(model.size, model.oversampling);
  if (table.rows() == 0) return model;
  model.terms.assign(static_cast<std::size_t>(psf_term_count(model.order)),
                     Plane<float>(side, side));
  const auto& terms = table.get<std::int32_t>("term");
  const auto& xs = table.get<std::int32_t>("x");
  const auto& ys = table.get<std::int32_t>("y");
  const auto& values = table.get<float>("value");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const std::ptrdiff_t x = xs[i] + side / 2, y = ys[i] + side / 2;
    if (terms[i] < 0 || static_cast<std::size_t>(terms[i]) >= model.terms.size() || x < 0 ||
        y < 0 || x >= side || y >= side)
      throw Error(ErrorKind::bad_input, "cannot read the PSF of a catalog",
                  "row " + std::to_string(i) + " lies outside the stamp",
                  "measure the frame again");
    model.terms[static_cast<std::size_t>(terms[i])](x, y) = values[i];
  }
  return model;
}

}  // namespace polis
