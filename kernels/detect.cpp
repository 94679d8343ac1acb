#include "kernels/detect.h"

#include "kernels/components.h"
#include "kernels/deblend.h"

namespace polis {

Detections detect_sources(const MeasuredPixels& image, const KernelGrid& kernels,
                          const DetectSettings& settings) {
  Plane<float> snr(image.residual.width, image.residual.height);
  matched_filter(image, kernels, snr.view());
  const Components components =
      find_components(snr.view(), settings.isophote_snr, settings.peak_snr, settings.min_pixels);
  return deblend(snr.view(), components, image, settings);
}

}  // namespace polis
