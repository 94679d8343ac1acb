// What arrives broken, JSON part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/artifact.h"
#include "formats/exposure_json.h"
#include "formats/fits_helpers.h"
#include "formats/json_text.h"
#include "formats/manifest.h"
#include "formats/request_json.h"

namespace polis {
namespace {

using test::error_of;
using testing::HasSubstr;

std::string json_error(const std::string& text) {
  return error_of([&] { parse_json(text, "it"); });
}

TEST(BadJson, R36_NestedTooDeep) {
  EXPECT_THAT(json_error(std::string(100000, '[')), HasSubstr("deeper"));
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_THAT(json_error(objects), HasSubstr("deeper"));
  EXPECT_EQ(json_error(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')), "");
}

TEST(BadJson, R36_KeyGivenTwice) {
  EXPECT_THAT(json_error(R"({"a":1,"b":{"a":2},"a":3})"), HasSubstr("given twice"));
  EXPECT_THAT(json_error(R"({"a":1,"\u0061":3})"), HasSubstr("given twice"));
  EXPECT_EQ(json_error(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"), "");
}

TEST(BadJson, R36_NumberTooLarge) { EXPECT_NE(json_error("[1e999]"), ""); }

TEST(BadJson, R36_NotUtf8) {
  EXPECT_NE(json_error("\"\xff\""), "");
  EXPECT_NE(json_error("\"\xc3\""), "");
  EXPECT_NE(json_error("\"\\ud800\""), "");
}

TEST(BadJson, WhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "{'a':1}", "NaN", "[1] 2", "// c\n1", "\"a\nb\""})
    EXPECT_NE(json_error(text), "") << text;
}

std::string request_text(const std::string& task, const std::string& kind) {
  Request request;
  request.task = task;
  request.input.entries = {{"raw", {InputRef::From::lake, digest_of("x"), kind}}};
  std::string line;
  append_request(line, request);
  return line;
}

TEST(BadRequests, R35_PathsWhereWordsBelong) {
  const auto error = [](const std::string& text) {
    return error_of([&] { request_from_json(parse_json(text, "a request")); });
  };
  EXPECT_EQ(error(request_text("measure_frame", "frame")), "");
  for (const std::string& bad :
       {std::string("../task"), std::string("/etc/passwd"), std::string("a/b"),
        std::string(".hidden"), std::string(""), std::string("a\0b", 3), std::string("a..b"),
        std::string(200, 'a')}) {
    EXPECT_NE(error(request_text(bad, "frame")), "") << bad;
    EXPECT_NE(error(request_text("task", bad)), "") << bad;
  }
}

TEST(BadRequests, WrongTypesAndUnknownMembers) {
  const Json good = parse_json(request_text("t", "frame"), "a request");
  const auto error = [&](const char* key, const Json& value) {
    Json changed = good;
    changed[key] = value;
    return error_of([&] { request_from_json(changed); });
  };
  EXPECT_THAT(error("more", 1), HasSubstr("unknown member"));
  EXPECT_NE(error("priority", 1.5), "");
  EXPECT_NE(error("priority", 1e12), "");
  EXPECT_NE(error("cost", nullptr), "");
  EXPECT_NE(error("cost", -1.0), "");
  EXPECT_NE(error("keep", 1), "");
  EXPECT_NE(error("input", "all"), "");
  EXPECT_NE(error("parameters", Json{{"a", 1}}), "");
  EXPECT_NE(error("reason", std::string("a\0b", 3)), "");
  Json missing = good;
  missing.erase("task");
  EXPECT_THAT(error_of([&] { request_from_json(missing); }), HasSubstr("missing"));
}

TEST(BadManifest, LinesThatDoNotAddUp) {
  const Manifest manifest{
      1,
      {Request{
          .task = "a", .input = {}, .parameters = {}, .reason = {}, .label = {}, .group = {}}}};
  const std::string good(as_text(Artifact::of("manifest", manifest).bytes()));
  const auto error = [](const std::string& text) {
    return error_of([&] { Artifact::from_bytes("manifest", to_bytes(text)).as<Manifest>(); });
  };
  EXPECT_EQ(error(good), "");
  EXPECT_NE(error(good.substr(0, good.size() - 4)), "");
  EXPECT_NE(error(good + "{}"), "");
  EXPECT_NE(error("{}"), "");
  EXPECT_NE(error(""), "");
  std::string comma = good;
  comma.insert(comma.rfind("\n]}"), ",");
  EXPECT_NE(error(comma), "");
}

TEST(BadExposure, SectionsAndTypesThatMakeNoSense) {
  Exposure exposure;
  exposure.amplifiers.resize(1);
  const Json good = exposure_to_json(exposure);
  EXPECT_NO_THROW(exposure_from_json(good));
  const auto error = [&](const char* key, const Json& value) {
    Json changed = good;
    changed[key] = value;
    return error_of([&] { exposure_from_json(changed); });
  };
  EXPECT_NE(error("type", "cube"), "");
  EXPECT_NE(error("width", 1e10), "");
  EXPECT_NE(error("raw", "abc"), "");
  EXPECT_NE(error("wcs", Json::object()), "");
  EXPECT_NE(error("more", 1), "");
  Json section = good;
  section["amplifiers"][0]["data"] = {0, 0, -5, 5};
  EXPECT_NE(error_of([&] { exposure_from_json(section); }), "");
}

}  // namespace
}  // namespace polis
