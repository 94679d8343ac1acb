#pragma once

#include "kernels/source_stamp.h"

namespace polis {

struct ApertureSum {
  double flux = 0.0;
  double variance = 0.0;
};

/// Sum over a circle about (x, y), in stamp pixels; each pixel counts with the exact area of it
/// inside.
ApertureSum circle_sum(const SourceStamp& stamp, double x, double y, double radius);

/// An ellipse cxx dx^2 + cyy dy^2 + cxy dx dy <= r^2: r counts in units of its axes.
struct EllipseShape {
  double cxx = 1.0, cyy = 1.0, cxy = 0.0;
};

/// Sum over the ellipse with `r`; pixels on its border count with about the part inside.
ApertureSum ellipse_sum(const SourceStamp& stamp, double x, double y, const EllipseShape& shape,
                        double r);

/// First radial moment sum(r I) / sum(I) within `r`; 0 where the flux is not positive.
double first_moment(const SourceStamp& stamp, double x, double y, const EllipseShape& shape,
                    double r);

/// Radius of the circle that holds `flux`, in pixels, at most `largest`; 0 where `flux` <= 0.
double radius_holding(const SourceStamp& stamp, double x, double y, double flux, double guess,
                      double largest);

}  // namespace polis
