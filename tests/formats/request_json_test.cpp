#include "formats/request_json.h"

#include <gtest/gtest.h>

namespace polis {
namespace {

Request odd_request() {
  Request request;
  request.task = "forced_photometry";
  request.input.entries = {{"frame", {InputRef::From::job, digest_of("a"), "frame"}},
                           {"catalog", {InputRef::From::lake, digest_of("b"), "catalog"}}};
  request.parameters = {{"radius", "3.5"}, {"snr \"limit\"", "5\n"}};
  request.priority = -3;
  request.deadline_mjd = 60000.123456789;
  request.cost = 12.0;
  request.reason = "changed by 5 \xCF\x83 \\ and more";
  request.label = "tab\tand bell\a";
  request.keep = false;
  return request;
}

std::string line_of(const Request& request) {
  std::string line;
  append_request(line, request);
  return line;
}

TEST(RequestJson, ALineReadsBackAsTheSameRequest) {
  const Request request = odd_request();
  const Request back = request_from_json(parse_json(line_of(request), "a request"));
  EXPECT_EQ(back.input, request.input);
  EXPECT_EQ(back.parameters, request.parameters);
  EXPECT_EQ(back.priority, request.priority);
  EXPECT_EQ(back.deadline_mjd, request.deadline_mjd);
  EXPECT_EQ(back.cost, request.cost);
  EXPECT_EQ(back.reason, request.reason);
  EXPECT_EQ(back.label, request.label);
  EXPECT_EQ(back.keep, request.keep);
}

TEST(RequestJson, ALineIsWhatTheGeneralWriterWouldWrite) {
  Request plain;
  plain.task = "echo";
  for (const Request& request : {odd_request(), plain}) {
    const std::string line = line_of(request);
    EXPECT_EQ(line, write_json(parse_json(line, "a request")));
  }
}

TEST(RequestJson, NumbersOfEverySizeAreWrittenAsInGeneral) {
  for (const double cost : {0.0, 1.0, 0.5, 1e-9, 1e8, 2e9, 1e20, 1e300}) {
    Request request = odd_request();
    request.cost = cost;
    const std::string line = line_of(request);
    EXPECT_EQ(line, write_json(parse_json(line, "a request"))) << cost;
  }
}

}  // namespace
}  // namespace polis
