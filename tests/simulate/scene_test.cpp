#include "simulate/scene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace polis {
namespace {

TEST(Scene, TextReadsBackToTheSame) {
  for (const char* preset : {"tiny", "crowded", "transients", "demo", "survey"}) {
    const Scene scene = scene_preset(preset, 42);
    EXPECT_EQ(scene_text(scene_from_text(scene_text(scene))), scene_text(scene));
    EXPECT_EQ(scene_text(scene).at("seed"), "42");
  }
}

TEST(Scene, OverridesReachAllSitesOrOne) {
  Scene scene = scene_preset("tiny", 1);
  override_scene(scene, {{"seeing_arcsec", "3.5"},
                         {"karoo.cloud_mag", "0.8"},
                         {"star_density", "2"},
                         {"mauna.flipped", "false"}});
  for (const SceneSite& site : scene.sites) EXPECT_EQ(site.seeing_arcsec, 3.5);
  EXPECT_EQ(scene.site("karoo").cloud_mag, 0.8);
  EXPECT_EQ(scene.site("sierra").cloud_mag, 0.0);
  EXPECT_FALSE(scene.site("mauna").flipped);
  EXPECT_EQ(scene.star_density, 2.0);
}

TEST(Scene, SitesCanBeDroppedAndAdded) {
  Scene scene = scene_preset("tiny", 1);
  override_scene(scene, {{"sites", "karoo,andes"},
                         {"andes.latitude_deg", "-29.2"},
                         {"andes.longitude_deg", "-70.7"}});
  ASSERT_EQ(scene.sites.size(), 2U);
  EXPECT_EQ(scene.site("karoo").amplifiers, 2);
  EXPECT_EQ(scene.site("andes").latitude_deg, -29.2);
  EXPECT_EQ(scene_text(scene_from_text(scene_text(scene))), scene_text(scene));
}

TEST(Scene, WhatIsUnknownOrNoNumberIsRefusedByName) {
  Scene scene = scene_preset("tiny", 1);
  const auto message = [&](const SceneText& changes) -> std::string {
    try {
      override_scene(scene, changes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_config);
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message({{"seing_arcsec", "2"}}), testing::HasSubstr("seing_arcsec"));
  EXPECT_THAT(message({{"star_density", "many"}}), testing::HasSubstr("many"));
  EXPECT_THAT(message({{"paris.seeing_arcsec", "1"}}), testing::HasSubstr("paris"));
  EXPECT_THAT(message({{"filters", "g,z"}}), testing::HasSubstr("filters"));
  EXPECT_THAT(message({{"width", "0"}}), testing::HasSubstr("width"));
  EXPECT_THROW(scene_preset("huge", 1), Error);
}

}  // namespace
}  // namespace polis
