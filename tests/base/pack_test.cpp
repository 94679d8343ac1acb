#include "base/pack.h"

#include <gtest/gtest.h>

namespace polis {
namespace {

TEST(Pack, GivesBackWhatWasPacked) {
  Packer packer;
  packer.number(0)
      .number(127)
      .number(128)
      .number(~std::uint64_t{0})
      .real(-0.1)
      .text("")
      .text("caf\xC3\xA9");
  packer.digest(digest_of("x"));
  Unpacker unpacker(packer.bytes());
  EXPECT_EQ(unpacker.number(), 0U);
  EXPECT_EQ(unpacker.number(), 127U);
  EXPECT_EQ(unpacker.number(), 128U);
  EXPECT_EQ(unpacker.number(), ~std::uint64_t{0});
  EXPECT_EQ(unpacker.real(), -0.1);
  EXPECT_EQ(unpacker.text(), "");
  EXPECT_EQ(unpacker.text(), "caf\xC3\xA9");
  EXPECT_EQ(unpacker.digest(), digest_of("x"));
  EXPECT_TRUE(unpacker.done());
}

TEST(Pack, NothingBeyondTheEndIsRead) {
  Packer packer;
  packer.text("twelve bytes");
  for (std::size_t size = 0; size < packer.size(); ++size) {
    Unpacker unpacker(ByteView(packer.bytes()).first(size));
    EXPECT_THROW(unpacker.text(), Error);
  }
}

TEST(Pack, CountsThatCannotBeAreRefusedBeforeMemoryIsTaken) {
  Packer packer;
  packer.number(std::uint64_t{1} << 60U);
  Unpacker unpacker(packer.bytes());
  EXPECT_THROW(unpacker.count(), Error);
}

TEST(Pack, NumbersOutOfRangeAreRefused) {
  Packer packer;
  packer.number(300).number(300);
  Unpacker unpacker(packer.bytes());
  EXPECT_THROW(unpacker.number_as<std::uint8_t>(), Error);
  EXPECT_THROW(unpacker.number_as<int>(299), Error);
}

TEST(Pack, AnEndlessNumberIsRefused) {
  const Bytes bytes(20, std::byte{0xFF});
  Unpacker unpacker(bytes);
  EXPECT_THROW(unpacker.number(), Error);
}

}  // namespace
}  // namespace polis
