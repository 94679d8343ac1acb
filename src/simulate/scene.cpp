#include "simulate/scene.h"

#include <charconv>
#include <concepts>
#include <type_traits>

#include "base/error.h"

namespace polis {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

[[noreturn]] void refuse(const std::string& name, const std::string& value, const char* wanted) {
  throw Error(ErrorKind::bad_config, "cannot set " + name + " = " + value,
              "it is not " + std::string(wanted));
}

template <class T>
void read(const std::string& name, const std::string& text, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text != "true" && text != "false") refuse(name, text, "true or false");
    value = text == "true";
  } else {
    T parsed{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc{} || end != text.data() + text.size()) refuse(name, text, "a number");
    value = parsed;
  }
}

template <class T>
std::string write(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    char text[40];
    const auto result = std::to_chars(text, text + sizeof text, value);
    return {text, result.ptr};
  }
}

std::string fields_text(const std::vector<SkyPosition>& fields) {
  std::string text;
  for (const SkyPosition& field : fields) {
    text.append(text.empty() ? "" : ",").append(write(field.ra_deg)).append(" ");
    text.append(write(field.dec_deg));
  }
  return text;
}

std::vector<SkyPosition> fields_from(const std::string& text) {
  std::vector<SkyPosition> fields;
  for (const std::string& part : split(text, ',')) {
    const std::vector<std::string> numbers = split(part, ' ');
    if (numbers.size() != 2) refuse("fields", text, "a list of 'ra dec' [deg] separated by commas");
    SkyPosition field;
    read("fields", numbers[0], field.ra_deg);
    read("fields", numbers[1], field.dec_deg);
    fields.push_back(field);
  }
  return fields;
}

/// Sets the member `name` of `thing`; false if it has none of that name.
template <class Thing>
bool set_member(Thing& thing, std::string_view name, const std::string& value) {
  bool found = false;
  thing.each([&](std::string_view member, auto& target) {
    if (member != name) return;
    read(std::string(name), value, target);
    found = true;
  });
  return found;
}

/// Sets which sites there are: those that exist keep what they are, others begin with the defaults.
void set_sites(Scene& scene, const std::string& names) {
  std::vector<SceneSite> sites;
  for (const std::string& name : split(names, ',')) {
    SceneSite site;
    site.name = name;
    for (const SceneSite& known : scene.sites) {
      if (known.name == name) site = known;
    }
    sites.push_back(site);
  }
  scene.sites = std::move(sites);
}

bool set_by_name(Scene& scene, const std::string& name, const std::string& value) {
  if (name == "fields") {
    scene.fields = fields_from(value);
    return true;
  }
  if (set_member(scene, name, value)) return true;
  bool found = false;
  const std::size_t dot = name.find('.');
  for (SceneSite& site : scene.sites) {
    if (dot == std::string::npos) {
      found = set_member(site, name, value) || found;
    } else if (name.substr(0, dot) == site.name) {
      found = set_member(site, name.substr(dot + 1), value);
    }
  }
  return found;
}

void check(bool good, const std::string& what) {
  if (!good) throw Error(ErrorKind::bad_config, "cannot simulate this scene", what);
}

void check_site(const SceneSite& site) {
  const std::string where = site.name + ": ";
  check(site.width >= 16 && site.height >= 16 && site.width <= 20000 && site.height <= 20000,
        where + "width and height must be 16..20000");
  const bool mosaic = site.dialect == "mosaic";
  check(mosaic || site.dialect == "amateur" || site.dialect == "survey",
        where + "dialect must be amateur, mosaic or survey");
  check(mosaic ? site.amplifiers == 2 && site.width % 2 == 0 : site.amplifiers == 1,
        where + "a mosaic has two amplifiers and an even width, other dialects one amplifier");
  check(site.overscan >= 0 && site.overscan <= 1000, where + "overscan must be 0..1000");
  check(site.gain_e_per_adu > 0.0 && site.read_noise_e >= 0.0 && site.full_well_e > 0.0,
        where + "gain, read noise and full well must be positive");
  check(site.pixel_scale_arcsec > 0.0 && site.seeing_arcsec > 0.0 && site.exposure_s >= 0.0,
        where + "pixel scale, seeing and exposure must be positive");
  check(site.moffat_beta >= 1.5 && site.moffat_beta <= 6.0, where + "moffat_beta must be 1.5..6");
  check(site.nonlinearity >= 0.0, where + "nonlinearity must not be negative");
  check(site.mount == "equatorial" || site.mount == "german" || site.mount == "altaz",
        where + "mount must be equatorial, german or altaz");
  check(site.site().known(), where + "latitude or longitude is out of range");
  for (const std::string& f : site.filter_list()) {
    check(f == "g" || f == "r" || f == "i", where + "filters are out of g, r, i");
  }
}

}  // namespace

std::vector<std::string> SceneSite::filter_list() const { return split(filters, ','); }

const SceneSite& Scene::site(std::string_view name) const {
  for (const SceneSite& s : sites) {
    if (s.name == name) return s;
  }
  throw Error(ErrorKind::bad_config, "no site " + std::string(name),
              "the scene has none of that name");
}

void override_scene(Scene& scene, const SceneText& changes) {
  if (const auto sites = changes.find("sites"); sites != changes.end())
    set_sites(scene, sites->second);
  for (const auto& [name, value] : changes) {
    if (name == "sites") continue;
    if (!set_by_name(scene, name, value)) {
      throw Error(ErrorKind::bad_config, "no scene parameter " + name, "nothing has that name",
                  "see `polis simulate --list` for all names");
    }
  }
  for (const SceneSite& site : scene.sites) check_site(site);
  check(scene.nights >= 1 && scene.nights <= 1000, "nights must be 1..1000");
  check(scene.night_step_days >= 1 && scene.night_step_days <= 3650,
        "night_step_days must be 1..3650");
  check(scene.star_faint_mag > scene.star_bright_mag, "star_faint_mag must exceed star_bright_mag");
}

SceneText scene_text(const Scene& scene) {
  SceneText text;
  Scene copy = scene;  // `each` gives references to change
  copy.each([&](std::string_view name, auto& value) { text[std::string(name)] = write(value); });
  text["fields"] = fields_text(scene.fields);
  std::string names;
  for (SceneSite& site : copy.sites) {
    names.append(names.empty() ? "" : ",").append(site.name);
    site.each([&](std::string_view name, auto& value) {
      text[site.name + "." + std::string(name)] = write(value);
    });
  }
  text["sites"] = names;
  return text;
}

Scene scene_from_text(const SceneText& text) {
  Scene scene;
  override_scene(scene, text);
  return scene;
}

}  // namespace polis
