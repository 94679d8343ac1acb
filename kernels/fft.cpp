#include "kernels/fft.h"

#include <fftw3.h>

#include <map>
#include <mutex>

namespace polis {
namespace {

struct Plans {
  fftwf_plan forward = nullptr;
  fftwf_plan backward = nullptr;
  Plans() = default;
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    if (forward != nullptr) fftwf_destroy_plan(forward);
    if (backward != nullptr) fftwf_destroy_plan(backward);
  }
};

fftwf_complex* as_fftw(SquareFft::Spectrum& spectrum) {
  return reinterpret_cast<fftwf_complex*>(spectrum.data());
}

/// FFTW's planner is not safe for threads; its plans are. They live as long as the program.
const Plans& plans_for(std::ptrdiff_t side) {
  static std::mutex mutex;
  static std::map<std::ptrdiff_t, Plans> made;
  const std::lock_guard lock(mutex);
  const auto [place, fresh] = made.try_emplace(side);
  Plans& plans = place->second;
  if (!fresh) return plans;
  Plane<float> image(side, side);
  SquareFft::Spectrum spectrum(static_cast<std::size_t>(side * (side / 2 + 1)));
  const int n = static_cast<int>(side);
  plans.forward = fftwf_plan_dft_r2c_2d(n, n, image.data(), as_fftw(spectrum), FFTW_ESTIMATE);
  plans.backward = fftwf_plan_dft_c2r_2d(n, n, as_fftw(spectrum), image.data(), FFTW_ESTIMATE);
  return plans;
}

}  // namespace

SquareFft::SquareFft(std::ptrdiff_t side) : side_(side) {
  const Plans& plans = plans_for(side);
  forward_ = plans.forward;
  backward_ = plans.backward;
}

void SquareFft::forward(const Plane<float>& image, Spectrum& spectrum) const {
  spectrum.resize(static_cast<std::size_t>(side_ * columns()));
  // FFTW takes its input without const; an out-of-place transform of real data does not change it
  // unless the plan may destroy its input, which r2c plans do not by default.
  fftwf_execute_dft_r2c(static_cast<fftwf_plan>(forward_), const_cast<float*>(image.data()),
                        as_fftw(spectrum));
}

void SquareFft::backward(Spectrum& spectrum, Plane<float>& image) const {
  if (image.width() != side_ || image.height() != side_) image = Plane<float>(side_, side_);
  fftwf_execute_dft_c2r(static_cast<fftwf_plan>(backward_), as_fftw(spectrum), image.data());
  const float factor = 1.0F / static_cast<float>(side_ * side_);
  for (std::ptrdiff_t i = 0; i < image.size(); ++i) image.data()[i] *= factor;
}

}  // namespace polis
