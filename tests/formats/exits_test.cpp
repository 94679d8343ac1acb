#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "formats/fits_table.h"
#include "formats/regions.h"
#include "formats/votable.h"

namespace polis {
namespace {

TableSet small_catalog() {
  Table sources("sources");
  sources.add({"id", "", "meta.id", "", std::vector<std::int64_t>{1, 2}});
  sources.add({"x", "pix", "pos.cartesian.x", "", std::vector<double>{0.1, 1.0 / 3.0}});
  sources.add({"y", "pix", "pos.cartesian.y", "", std::vector<double>{2.0, 3.0}});
  sources.add({"snr", "", "stat.snr", "",
               std::vector<float>{5.5F, std::numeric_limits<float>::quiet_NaN()}});
  sources.add({"flags", "", "meta.code.qual", "", std::vector<std::int32_t>{0, 4}});
  sources.add({"name", "", "meta.id", "a <name> & more", std::vector<std::string>{"a<b", "c"}});
  TableSet set;
  set.facts["sky_level_e"] = "12.5";
  set.tables.push_back(std::move(sources));
  return set;
}

/// True if the script, given the file, prints "good"; the tests of readers need Debian's
/// python3-astropy.
bool astropy_agrees(const std::string& path, const std::string& script) {
  const std::string program = testing::TempDir() + "/exits_check.py";
  std::ofstream(program) << "import sys\nfrom astropy.table import Table\n" << script;
  const std::string command =
      std::string(POLIS_PYTHON) + " " + program + " " + path + " 2>&1 | grep -q '^good$'";
  return std::system(command.c_str()) == 0;
}

bool has_astropy() { return std::system(POLIS_PYTHON " -c 'import astropy' 2>/dev/null") == 0; }

void write(const std::string& path, ByteView bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

constexpr std::string_view kCheck =
    "assert len(t) == 2 and t['x'][1] == 1/3 and t['id'][1] == 2 and abs(t['snr'][0] - 5.5) < "
    "1e-6\n"
    "assert str(t['x'].unit) == 'pix', t['x'].unit\n"
    "n = t['name'][0]; n = n.decode() if isinstance(n, bytes) else str(n)\n"
    "assert n == 'a<b', n\nprint('good')\n";

TEST(Votable, IsReadByAstropy) {
  if (!has_astropy()) GTEST_SKIP() << "skipped: python3-astropy is not installed";
  const std::string path = testing::TempDir() + "/exits.vot";
  const std::string text = write_votable(small_catalog());
  write(path, as_bytes(text));
  EXPECT_TRUE(astropy_agrees(
      path, "t = Table.read(sys.argv[1], format='votable')\n" + std::string(kCheck)));
}

TEST(FitsTable, IsReadByAstropy) {
  if (!has_astropy()) GTEST_SKIP() << "skipped: python3-astropy is not installed";
  const std::string path = testing::TempDir() + "/exits.fits";
  write(path, write_fits_tables(small_catalog()));
  EXPECT_TRUE(
      astropy_agrees(path, "t = Table.read(sys.argv[1], hdu='sources')\n" + std::string(kCheck)));
}

TEST(FitsLdac, HasTheImageHeadThenTheObjects) {
  if (!has_astropy()) GTEST_SKIP() << "skipped: python3-astropy is not installed";
  const std::string path = testing::TempDir() + "/exits.ldac";
  FitsHeader header;
  header.set_number("EXPTIME", 60.0);
  write(path, write_fits_ldac(small_catalog().tables[0], header));
  EXPECT_TRUE(
      astropy_agrees(path,
                     "from astropy.io import fits\nh = fits.open(sys.argv[1])\n"
                     "assert [x.name for x in h] == ['PRIMARY', 'LDAC_IMHEAD', 'LDAC_OBJECTS']\n"
                     "assert 'EXPTIME' in str(h[1].data[0][0])\nt = Table(h[2].data)\n"
                     "assert len(t) == 2 and t['x'][1] == 1/3\nprint('good')\n"));
}

TEST(Regions, CountFromOneAndMarkFlaggedSources) {
  const std::string text = write_regions(small_catalog()).value();
  EXPECT_THAT(text, testing::HasSubstr("image\ncircle(1.100,3.000,5.0) # text={1}\n"));
  EXPECT_THAT(text, testing::HasSubstr("color=red text={2}"));
}

TEST(Regions, AreNoneWithoutPositions) { EXPECT_FALSE(write_regions(TableSet{}).has_value()); }

}  // namespace
}  // namespace polis
