#include "app/city.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "temporary_folder.h"

namespace polis {
namespace {

TEST(City, IsNotThereUntilItIsMade) {
  const test::TemporaryFolder folder;
  const std::string root = (folder.path() + "/city");
  EXPECT_THROW(City::open(root, false), Error);
  City::open(root, true);
  EXPECT_NO_THROW(City::open(root, false));
}

TEST(City, RemembersItsReferenceCatalogue) {
  const test::TemporaryFolder folder;
  const City city = City::open(folder.path(), true);
  EXPECT_FALSE(city.reference().has_value());
  city.set_reference(digest_of("one"));
  city.set_reference(digest_of("two"));
  EXPECT_EQ(city.reference(), digest_of("two"));
}

TEST(City, SetsARefusedFileAsideOnce) {
  const test::TemporaryFolder folder;
  const City city = City::open(folder.path(), true);
  city.reject("a.fits", as_bytes("broken"), "it has no END card");
  city.reject("b.fits", as_bytes("broken"), "it has no END card");
  city.reject("c.fits", as_bytes("other"), "empty");
  EXPECT_EQ(city.rejected(), 2u);
}

TEST(City, HasNoLedgerBeforeItsFirstRun) {
  const test::TemporaryFolder folder;
  EXPECT_THROW((void)City::open(folder.path(), true).ledger_reader(), Error);
}

}  // namespace
}  // namespace polis
