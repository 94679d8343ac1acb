#include "tasks/detector_helpers.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "tasks/tasks.h"

namespace polis::test {
namespace {

void card(std::string& header, const std::string& name, const std::string& value) {
  std::string text =
      name + std::string(8 - name.size(), ' ') + "= " + std::string(20 - value.size(), ' ') + value;
  header += text + std::string(80 - text.size(), ' ');
}

/// A FITS file with one image of 32-bit floats.
Bytes fits_bytes(const Plane<float>& image) {
  std::string text;
  card(text, "SIMPLE", "T");
  card(text, "BITPIX", "-32");
  card(text, "NAXIS", "2");
  card(text, "NAXIS1", std::to_string(image.width()));
  card(text, "NAXIS2", std::to_string(image.height()));
  text += "END";
  text.resize(2880, ' ');
  for (std::ptrdiff_t i = 0; i < image.size(); ++i) {
    const auto word = std::bit_cast<std::uint32_t>(image.data()[i]);
    for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(word >> shift & 0xFFU);
  }
  text.resize((text.size() + 2879) / 2880 * 2880, '\0');
  return to_bytes(text);
}

}  // namespace

Artifact MemoryReader::open(const InputRef& ref) {
  const auto found = artifacts_.find(ref);
  if (found == artifacts_.end())
    throw Error(ErrorKind::not_found, "no such artifact", ref.name.hex());
  return found->second;
}

void MemoryReader::add(const std::string& role, const Artifact& artifact) {
  const InputRef ref{InputRef::From::lake, digest_of(role + std::to_string(next_++)),
                     artifact.kind()};
  bundle_.entries.push_back({role, ref});
  artifacts_[ref] = artifact;
}

void MemoryReader::add_exposure(Exposure exposure, const Plane<float>& raw) {
  const Artifact file = Artifact::from_bytes("raw_frame", fits_bytes(raw));
  exposure.raw = file.digest();
  artifacts_[{InputRef::From::lake, exposure.raw, "raw_frame"}] = file;
  add("exposure", Artifact::of("exposure", exposure));
}

double Detector::response(std::ptrdiff_t x, std::ptrdiff_t y) const {
  if ((y * width + x) % 1009 == 500) return 0.3;
  const double dx = static_cast<double>(2 * x - width) / width;
  const double dy = static_cast<double>(2 * y - height) / height;
  return 1.0 - 0.15 * (dx * dx + dy * dy) + 0.01 * std::sin(static_cast<double>(7 * x + 13 * y));
}

double Detector::bias_structure(std::ptrdiff_t x, std::ptrdiff_t y) const {
  return 6.0 * std::sin(0.3 * static_cast<double>(x)) + 0.02 * static_cast<double>(y);
}

double Detector::dark_rate_e(std::ptrdiff_t x, std::ptrdiff_t y, double temperature_c) const {
  const double rate = (y * width + x) % 977 == 300 ? hot_e_per_s : dark_e_per_s;
  return rate * std::exp2((temperature_c + 10.0) / 6.0);
}

Exposure Detector::exposure(ImageType type, const std::string& id, double time_s,
                            double temperature_c) const {
  Exposure e;
  e.exposure_id = id;
  e.type = type;
  e.physical_filter = "r";
  e.mjd_begin = 61000.0;
  e.exposure_time_s = time_s;
  e.temperature_c = temperature_c;
  e.saturation_adu = 60000.0;
  e.nonlinear_adu = 50000.0;
  e.width = width;
  e.height = height;
  e.raw_width = width + amplifiers * overscan;
  e.raw_height = height;
  const int part = width / amplifiers;
  for (int a = 0; a < amplifiers; ++a) {
    Amplifier amplifier;
    amplifier.data = {a * part, 0, part, height};
    amplifier.overscan = {width + a * overscan, 0, overscan, height};
    amplifier.origin = {static_cast<double>(a * part), 0.0};
    amplifier.gain_e_per_adu = gain_e_per_adu * (1.0 + 0.1 * a);
    amplifier.read_noise_e = read_noise_e;
    e.amplifiers.push_back(amplifier);
  }
  return e;
}

Plane<float> Detector::expose(const Exposure& e, double light_e, std::uint64_t index) const {
  Plane<float> raw(e.raw_width, e.raw_height);
  RandomStream stream(seed, "expose", index);
  for (int a = 0; a < amplifiers; ++a) {
    const Amplifier& amplifier = e.amplifiers[static_cast<std::size_t>(a)];
    const double level = bias_level_adu + 50.0 * a + 3.0 * static_cast<double>(index % 5);
    const double noise = amplifier.read_noise_e / amplifier.gain_e_per_adu;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < amplifier.data.width; ++x) {
        const int tx = amplifier.data.x0 + x;
        double charge =
            light_e * response(tx, y) + e.exposure_time_s * dark_rate_e(tx, y, e.temperature_c);
        charge = static_cast<double>(stream.poisson(charge));
        // A particle in every 500th pixel of every exposure that lasts.
        if (e.exposure_time_s > 0.0 && stream.uniform() < 0.002) charge += 20000.0;
        raw(tx, y) = static_cast<float>(std::fmin(65535.0, level + bias_structure(tx, y) +
                                                               charge / amplifier.gain_e_per_adu +
                                                               noise * stream.normal()));
      }
      for (int x = 0; x < overscan; ++x) {
        raw(amplifier.overscan.x0 + x, y) = static_cast<float>(level + noise * stream.normal());
      }
    }
  }
  return raw;
}

Artifact run_task(const Task& task, MemoryReader& reader, const ParameterMap& parameters) {
  ParameterMap values;
  for (const ParameterSpec& spec : task.parameters) {
    values[std::string(spec.name)] = std::string(spec.default_value);
  }
  for (const auto& [name, value] : parameters) values.at(name) = value;
  return task.run(Parameters(std::string(task.name), values), reader).artifact;
}

Artifact make_bias(const Detector& detector, int count) {
  MemoryReader reader;
  for (int i = 0; i < count; ++i) {
    const Exposure e = detector.exposure(ImageType::bias, "bias" + std::to_string(i), 0.0);
    reader.add_exposure(e, detector.expose(e, 0.0, static_cast<std::uint64_t>(i)));
  }
  return run_task(master_bias_task(), reader);
}

Artifact make_dark(const Detector& detector, int count, const Artifact& bias) {
  MemoryReader reader;
  for (int i = 0; i < count; ++i) {
    const Exposure e =
        detector.exposure(ImageType::dark, "dark" + std::to_string(i), 200.0 + 50.0 * (i % 3));
    reader.add_exposure(e, detector.expose(e, 0.0, 100 + static_cast<std::uint64_t>(i)));
  }
  reader.add("bias", bias);
  return run_task(master_dark_task(), reader);
}

Artifact make_flat(const Detector& detector, int count, const Artifact& bias) {
  MemoryReader reader;
  for (int i = 0; i < count; ++i) {
    const Exposure e = detector.exposure(ImageType::flat, "flat" + std::to_string(i), 2.0);
    reader.add_exposure(
        e, detector.expose(e, 40000.0 - 3000.0 * i, 200 + static_cast<std::uint64_t>(i)));
  }
  reader.add("bias", bias);
  return run_task(master_flat_task(), reader);
}

}  // namespace polis::test
