#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace polis {
namespace {

TEST(Digest, IsSha256) {
  EXPECT_EQ(digest_of("abc").hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, ReadsItsOwnName) { EXPECT_EQ(Digest::from_hex(digest_of("x").hex()), digest_of("x")); }

TEST(Digest, RefusesOtherText) {
  EXPECT_THROW(Digest::from_hex("abc"), Error);
  EXPECT_THROW(Digest::from_hex(std::string(64, 'g')), Error);
}

TEST(Hasher, FieldsDoNotRunTogether) {
  EXPECT_NE(Hasher().field("ab").field("c").finish(), Hasher().field("a").field("bc").finish());
}

}  // namespace
}  // namespace polis
