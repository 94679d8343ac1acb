#include "sky/psf_table.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace polis {
namespace {

TEST(PsfTable, BringsTheModelBack) {
  PsfModel model = gaussian_psf(2.7, 4.0, 300, 200);
  model.order = 1;
  model.terms.resize(3, model.terms[0]);
  model.terms[2](3, 4) = 0.0F;
  const PsfModel back = psf_from(psf_table(model));
  EXPECT_EQ(back.terms, model.terms);
  EXPECT_EQ(back.size, model.size);
  EXPECT_EQ(back.oversampling, model.oversampling);
  EXPECT_EQ(back.x_centre, model.x_centre);
  EXPECT_EQ(back.y_scale, model.y_scale);
  EXPECT_EQ(back.fwhm_px, model.fwhm_px);
  EXPECT_EQ(back.enclosed, model.enclosed);
}

TEST(PsfTable, RefusesWhatIsNotAPsf) {
  Table table = psf_table(gaussian_psf(2.7, 4.0, 300, 200));
  Table lost = table;
  lost.facts.erase("size");
  EXPECT_THROW(psf_from(lost), Error);
  Table huge = table;
  huge.facts["size"] = "1e9";
  EXPECT_THROW(psf_from(huge), Error);
  Table outside = table;
  outside.get<std::int32_t>("x")[0] = 4000;
  EXPECT_THROW(psf_from(outside), Error);
}

TEST(PsfTable, OfNoModelIsEmpty) { EXPECT_TRUE(psf_from(psf_table(PsfModel{})).empty()); }

}  // namespace
}  // namespace polis
