#pragma once

#include <string>
#include <vector>

/// Real ZTF alerts (ztf-triplets of the real data).
namespace polis::test {

struct ZtfAlert {
  std::string candid;
  std::string version;  ///< of the network that ZTF ran
  double published_score = 0.0;
  long height = 0, width = 0;  ///< of the cut-outs as ZTF made them: smaller at the edge of a chip
  std::vector<float> stamp;    ///< [3, 63, 63]: science, reference, difference; NaN off the chip
  bool complete() const;       ///< 63 x 63 and no NaN
};

/// Empty where the data are absent.
std::vector<ZtfAlert> read_ztf_alerts(const std::string& path);

}  // namespace polis::test
