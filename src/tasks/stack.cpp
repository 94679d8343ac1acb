#include "tasks/stack.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/scale.h"
#include "tasks/detector_frame.h"

namespace polis {
namespace {

constexpr std::size_t kMostInGroup = 5;

void check_same(const Exposure& first, const Exposure& other) {
  if (first.width == other.width && first.height == other.height &&
      first.amplifiers.size() == other.amplifiers.size()) {
    return;
  }
  const auto text = [](const Exposure& e) {
    return e.exposure_id + " has " + std::to_string(e.width) + " x " + std::to_string(e.height) +
           " pixels and " + std::to_string(e.amplifiers.size()) + " amplifiers";
  };
  throw Error(ErrorKind::bad_input,
              "cannot combine exposures " + first.exposure_id + " and " + other.exposure_id,
              text(first) + ", " + text(other), "combine each detector and binning by itself");
}

Stack blank_stack(std::ptrdiff_t width, std::ptrdiff_t height) {
  return {Plane<float>(width, height, std::nanf("")), Plane<float>(width, height, std::nanf("")),
          Plane<std::uint16_t>(width, height)};
}

CombineOutput output_of(Stack& stack, const Section& s) {
  return {stack.value.view().cut(s.x0, s.y0, s.width, s.height),
          stack.variance.view().cut(s.x0, s.y0, s.width, s.height),
          stack.count.view().cut(s.x0, s.y0, s.width, s.height)};
}

void combine_group(const std::vector<StackPlane>& group, const std::vector<Amplifier>& amplifiers,
                   const CombineOptions& options, Stack& stack) {
  for (std::size_t a = 0; a < amplifiers.size(); ++a) {
    const Amplifier& amplifier = amplifiers[a];
    const Section s{static_cast<int>(std::lround(amplifier.origin.x)),
                    static_cast<int>(std::lround(amplifier.origin.y)), amplifier.data.width,
                    amplifier.data.height};
    std::vector<CombinePlane> planes;
    for (const StackPlane& plane : group) {
      planes.push_back({plane.pixels.view().cut(s.x0, s.y0, s.width, s.height), plane.scale,
                        plane.noise[a].read_variance, plane.noise[a].variance_per_unit});
    }
    combine(planes, options, output_of(stack, s));
  }
}

}  // namespace

std::vector<Exposure> open_exposures(Reader& reader) {
  std::vector<Exposure> exposures;
  for (const InputRef& ref : reader.bundle().with_role("exposure")) {
    exposures.push_back(reader.open(ref).as<Exposure>());
  }
  if (exposures.empty()) {
    throw Error(ErrorKind::bad_input, "cannot make a master",
                "the bundle has no entry of role 'exposure'");
  }
  for (const Exposure& exposure : exposures) check_same(exposures.front(), exposure);
  return exposures;
}

Stack stack_exposures(std::size_t count, const std::vector<Amplifier>& amplifiers,
                      const CombineOptions& options,
                      const std::function<StackPlane(std::size_t)>& load,
                      const std::function<void(std::vector<StackPlane>&)>& prepare) {
  const std::size_t groups = (count + kMostInGroup - 1) / kMostInGroup;
  Stack total;
  for (std::size_t g = 0; g < groups; ++g) {
    // Groups of nearly equal size: a group of one could reject nothing.
    std::vector<StackPlane> planes;
    for (std::size_t i = g * count / groups; i < (g + 1) * count / groups; ++i)
      planes.push_back(load(i));
    if (prepare) prepare(planes);
    Stack stack = blank_stack(planes.front().pixels.width(), planes.front().pixels.height());
    combine_group(planes, amplifiers, options, stack);
    if (g == 0) {
      total = std::move(stack);
      continue;
    }
    planes.clear();
    const Section all{0, 0, static_cast<int>(total.value.width()),
                      static_cast<int>(total.value.height())};
    merge_combined(output_of(stack, all), output_of(total, all));
  }
  return total;
}

Frame master_from(Stack stack, const std::vector<Exposure>& exposures, ImageType type,
                  std::string unit, int few) {
  Frame master;
  master.exposure = exposures.front();
  master.exposure.exposure_id =
      "master_" + std::string(name_of(type)) + "_" + exposures.front().exposure_id;
  master.exposure.type = type;
  master.exposure.raw = {};
  master.exposure.wcs = {};
  master.unit = std::move(unit);
  master.pixels = std::move(stack.value);
  master.variance = std::move(stack.variance);
  master.mask = Plane<MaskPixel>(master.pixels.width(), master.pixels.height());
  fill_missing(master.pixels.view(), master.variance.view(), master.mask.view(), 0.0F);
  master.facts["frames"] = std::to_string(exposures.size());
  if (static_cast<int>(exposures.size()) < few) {
    master.facts["caveat_few_frames"] = "made from " + std::to_string(exposures.size()) +
                                        " frames, fewer than " + std::to_string(few) +
                                        ": hits and noise may remain";
  }
  return master;
}

}  // namespace polis
