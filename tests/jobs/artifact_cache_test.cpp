#include "jobs/artifact_cache.h"

#include <gtest/gtest.h>

namespace polis {
namespace {

class CacheTest : public testing::Test {
 protected:
  Digest put(std::size_t size, char fill) {
    return lake->put("raw_frame", Bytes(size, static_cast<std::byte>(fill)));
  }
  void open(const Digest& digest, int times) {
    for (int i = 0; i < times; ++i) cache.open(*lake, digest, "raw_frame");
  }
  std::unique_ptr<Lake> lake = make_memory_lake();
  ArtifactCache cache{100'000};
};

TEST_F(CacheTest, WhatIsOpenedOnceIsNotHeld) {
  open(put(1000, 'a'), 1);
  EXPECT_EQ(cache.held_bytes(), 0U);
}

TEST_F(CacheTest, WhatSeveralChainsOpenIsHeld) {
  const Digest flat = put(1000, 'a');
  open(flat, 2);
  EXPECT_GT(cache.held_bytes(), 0U);
  lake = make_memory_lake();
  EXPECT_EQ(cache.open(*lake, flat, "raw_frame").bytes().size(), 1000U) << "without the lake";
}

TEST_F(CacheTest, StaysWithinItsBound) {
  for (char fill = 'a'; fill <= 'z'; ++fill) open(put(5000, fill), 3);
  EXPECT_LE(cache.held_bytes(), 100'000U);
  EXPECT_GT(cache.held_bytes(), 50'000U);
  open(put(50'000, '!'), 3);  // larger than all of it
  EXPECT_LE(cache.held_bytes(), 100'000U);
}

}  // namespace
}  // namespace polis
