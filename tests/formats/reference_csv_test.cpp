#include "formats/reference_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace polis {
namespace {

TEST(ReferenceCsv, ReadsAnArchivesColumnsUnderTheCitysNames) {
  const TableSet set = read_reference_csv(
      "source_id,ra,dec,phot_g_mean_mag,ref_epoch,parallax\n"
      "17,10.5,-20.25,12.5,2016.0,3\n"
      "18,11.5,20,,2016.0,1\r\n");
  const Table& stars = set.at("stars");
  EXPECT_EQ(stars.rows(), 2u);
  EXPECT_EQ(stars.get<std::int64_t>("id"), (std::vector<std::int64_t>{17, 18}));
  EXPECT_EQ(stars.get<double>("dec"), (std::vector<double>{-20.25, 20.0}));
  EXPECT_EQ(stars.at("mag_G").unit, "mag");
  EXPECT_TRUE(std::isnan(stars.get<double>("mag_G")[1]));
  EXPECT_FALSE(stars.has("parallax"));
}

TEST(ReferenceCsv, DropsAndCountsRowsWithoutAPosition) {
  const TableSet set = read_reference_csv("ra,dec\n400,0\n1,91\n,2\n3,4\n");
  EXPECT_EQ(set.at("stars").rows(), 1u);
  EXPECT_EQ(set.facts.at("rows_dropped"), "3");
}

TEST(ReferenceCsv, RefusesWhatItCannotRead) {
  EXPECT_THROW(read_reference_csv(""), Error);
  EXPECT_THROW(read_reference_csv("ra,mag\n1,2\n"), Error);
  EXPECT_THROW(read_reference_csv("ra,dec\n1,2,3\n"), Error);
  try {
    read_reference_csv("ra,dec\n1,2\n1,north\n");
    FAIL() << "a field that is no number must be refused";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("line 3: 'north' in column dec"));
  }
}

}  // namespace
}  // namespace polis
