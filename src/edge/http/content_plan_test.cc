#include "edge/http/content_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "edge/http/test_server.h"

namespace lakelift::http {
namespace {

struct RangeCase {
  std::string header;
  std::uint64_t size;
  RangeOutcome outcome;
  std::vector<ByteRange> ranges;
};

const std::string kManyRanges = [] {
  std::string text = "bytes=0-0";
  for (int i = 1; i < 5'000; ++i) text += "," + std::to_string(i * 2) + "-" + std::to_string(i * 2);
  return text;
}();

const std::string kSixteenRanges = [] {
  std::string text = "bytes=0-0";
  for (int i = 1; i < 16; ++i) text += "," + std::to_string(i * 2) + "-" + std::to_string(i * 2);
  return text;
}();

TEST(Ranges, Table) {
  using enum RangeOutcome;
  const std::vector<RangeCase> cases{
      {"bytes=0-0", 10, kPartial, {{0, 1}}},
      {"bytes=0-9", 10, kPartial, {{0, 10}}},
      {"bytes=0-", 10, kPartial, {{0, 10}}},
      {"bytes=9-", 10, kPartial, {{9, 1}}},
      {"bytes=3-5", 10, kPartial, {{3, 3}}},
      {"bytes=-1", 10, kPartial, {{9, 1}}},
      {"bytes=-10", 10, kPartial, {{0, 10}}},
      {"bytes=-11", 10, kPartial, {{0, 10}}},
      {"bytes=5-99999999999999999999999999", 10, kPartial, {{5, 5}}},
      {"bytes=-99999999999999999999999999", 10, kPartial, {{0, 10}}},
      {"bytes= 1-2 , 4-5 ", 10, kPartial, {{1, 2}, {4, 2}}},
      {"bytes=4-5,1-2", 10, kPartial, {{4, 2}, {1, 2}}},
      {"bytes=,,1-2,,", 10, kPartial, {{1, 2}}},
      {"bytes=1-2,50-60", 10, kPartial, {{1, 2}}},
      {"bytes=0-4,5-9", 10, kPartial, {{0, 5}, {5, 5}}},
      {"bytes=10-", 10, kUnsatisfiable, {}},
      {"bytes=10-20", 10, kUnsatisfiable, {}},
      {"bytes=-0", 10, kUnsatisfiable, {}},
      {"bytes=0-0", 0, kUnsatisfiable, {}},
      {"bytes=-5", 0, kUnsatisfiable, {}},
      {"bytes=99999999999999999999999999-", 10, kUnsatisfiable, {}},
      {"bytes=0-4,4-9", 10, kWhole, {}},
      {"bytes=0-,0-,0-,0-", 10, kWhole, {}},
      {"bytes=5-3", 10, kWhole, {}},
      {"bytes=a-b", 10, kWhole, {}},
      {"bytes=1", 10, kWhole, {}},
      {"bytes=-", 10, kWhole, {}},
      {"bytes=", 10, kWhole, {}},
      {"bytes=--1", 10, kWhole, {}},
      {"bytes=1-2-3", 10, kWhole, {}},
      {"bytes=0x1-2", 10, kWhole, {}},
      {"bytes=1 - 2", 10, kWhole, {}},
      {"rows=1-2", 10, kWhole, {}},
      {"bytes", 10, kWhole, {}},
      {"", 10, kWhole, {}},
      {kManyRanges, 20'000, kUnsatisfiable, {}},
  };
  for (const auto& test : cases) {
    std::vector<ByteRange> ranges;
    EXPECT_EQ(parse_ranges(test.header, test.size, ranges), test.outcome) << test.header;
    EXPECT_EQ(ranges, test.ranges) << test.header;
  }
  std::vector<ByteRange> ranges;
  EXPECT_EQ(parse_ranges(kSixteenRanges, 100, ranges), kPartial);
  EXPECT_EQ(ranges.size(), 16u);
}

const std::string kBytes = "0123456789";

Content content() { return {std::make_shared<MemoryBytes>(kBytes), "text/csv", sha256_hex(kBytes), ""}; }

ContentPlan plan(Headers headers, Method method = Method::kGet, std::optional<Micros> modified = {}) {
  RequestContext request;
  request.method = method;
  request.headers = std::move(headers);
  Content asked = content();
  asked.modified = modified;
  return plan_content(asked, request, "BOUNDARY");
}

std::string header(const ContentPlan& planned, const std::string& name) {
  for (const auto& [key, value] : planned.headers) {
    if (key == name) return value;
  }
  return "";
}

const std::string kEtag = "\"" + sha256_hex(kBytes) + "\"";

TEST(ContentPlan, WholeAnswers) {
  const auto planned = plan({});
  EXPECT_EQ(planned.status, 200);
  EXPECT_EQ(planned.content_length, 10u);
  EXPECT_EQ(header(planned, "ETag"), kEtag);
  EXPECT_EQ(header(planned, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(planned, "Repr-Digest"), "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:");
  EXPECT_EQ(header(planned, "Content-Type"), "text/csv");
}

TEST(ContentPlan, Conditions) {
  const std::string weak = "W/" + kEtag;
  EXPECT_EQ(plan({{"if-none-match", kEtag}}).status, 304);
  EXPECT_EQ(plan({{"if-none-match", weak}}).status, 304);
  EXPECT_EQ(plan({{"if-none-match", "\"a\", " + kEtag}}).status, 304);
  EXPECT_EQ(plan({{"if-none-match", "\"a\""}, {"if-none-match", kEtag}}).status, 304);
  EXPECT_EQ(plan({{"if-none-match", "*"}}).status, 304);
  EXPECT_EQ(plan({{"if-none-match", "\"a\""}}).status, 200);
  EXPECT_EQ(plan({{"if-none-match", kEtag}}, Method::kHead).status, 304);
  EXPECT_EQ(plan({{"if-match", kEtag}}).status, 200);
  EXPECT_EQ(plan({{"if-match", "*"}}).status, 200);
  EXPECT_EQ(plan({{"if-match", weak}}).status, 412);  // strong comparison
  EXPECT_EQ(plan({{"if-match", "\"a\""}}).status, 412);
  EXPECT_EQ(plan({{"if-match", "\"a\""}, {"if-none-match", kEtag}}).status, 412);
  EXPECT_EQ(plan({{"if-match", kEtag}, {"if-none-match", kEtag}}).status, 304);
  EXPECT_TRUE(plan({{"if-none-match", kEtag}}).pieces.empty());
}

TEST(ContentPlan, ConditionsOnDates) {
  const Micros modified = 784'111'777 * kMicrosPerSecond + 999'999;  // a part of a second is not told, nor compared
  const std::string same = "Sun, 06 Nov 1994 08:49:37 GMT";
  const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
  const std::string after = "Sun, 06 Nov 1994 08:49:38 GMT";
  const auto status = [&](Headers headers, Method method = Method::kGet) {
    return plan(std::move(headers), method, modified).status;
  };
  EXPECT_EQ(header(plan({}, Method::kGet, modified), "Last-Modified"), same);
  EXPECT_EQ(header(plan({}), "Last-Modified"), "");
  EXPECT_EQ(status({{"if-modified-since", same}}), 304);
  EXPECT_EQ(status({{"if-modified-since", after}}), 304);
  EXPECT_EQ(status({{"if-modified-since", before}}), 200);
  EXPECT_EQ(status({{"if-modified-since", same}}, Method::kHead), 304);
  EXPECT_EQ(status({{"if-modified-since", "yesterday"}}), 200);
  EXPECT_EQ(status({{"if-unmodified-since", same}}), 200);
  EXPECT_EQ(status({{"if-unmodified-since", before}}), 412);
  EXPECT_EQ(status({{"if-unmodified-since", "yesterday"}}), 200);
  // Tags go before dates.
  EXPECT_EQ(status({{"if-none-match", "\"a\""}, {"if-modified-since", same}}), 200);
  EXPECT_EQ(status({{"if-none-match", kEtag}, {"if-modified-since", before}}), 304);
  EXPECT_EQ(status({{"if-match", kEtag}, {"if-unmodified-since", before}}), 200);
  EXPECT_EQ(status({{"if-match", "\"a\""}, {"if-unmodified-since", same}}), 412);
  EXPECT_EQ(status({{"if-unmodified-since", before}, {"if-modified-since", same}}), 412);
  EXPECT_EQ(plan({{"if-modified-since", same}, {"if-unmodified-since", before}}).status, 200);  // nothing is known
  EXPECT_EQ(status({{"range", "bytes=2-4"}, {"if-range", same}}), 200);  // a date is no strong validator
}

TEST(ContentPlan, Ranges) {
  const auto part = plan({{"range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(header(part, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(part.content_length, 3u);
  EXPECT_NE(header(part, "Repr-Digest"), "");
  const auto outside = plan({{"range", "bytes=10-"}});
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(header(outside, "Content-Range"), "bytes */10");
  EXPECT_EQ(outside.content_length, 0u);
  EXPECT_EQ(plan({{"range", "bytes=2-4"}}, Method::kHead).status, 200);
  EXPECT_EQ(plan({{"range", "bytes=2-4"}, {"if-range", kEtag}}).status, 206);
  EXPECT_EQ(plan({{"range", "bytes=2-4"}, {"if-range", "\"old\""}}).status, 200);
  EXPECT_EQ(plan({{"range", "bytes=2-4"}, {"if-range", "W/" + kEtag}}).status, 200);
  EXPECT_EQ(plan({{"range", "bytes=2-4"}, {"if-range", "Tue, 14 Nov 2023 22:13:20 GMT"}}).status, 200);
  EXPECT_EQ(plan({{"range", "bytes=99-"}, {"if-range", "\"old\""}}).status, 200);
  EXPECT_EQ(plan({{"range", "bytes=2-4"}, {"if-none-match", kEtag}}).status, 304);
}

TEST(ContentPlan, SeveralRangesAreOneMultipartAnswer) {
  const auto parts = plan({{"range", "bytes=0-1,8-9"}});
  EXPECT_EQ(parts.status, 206);
  EXPECT_EQ(header(parts, "Content-Type"), "multipart/byteranges; boundary=BOUNDARY");
  EXPECT_EQ(header(parts, "Content-Range"), "");
  std::string body;
  for (const auto& piece : parts.pieces) body += piece.text + kBytes.substr(piece.offset, piece.length);
  EXPECT_EQ(body,
            "--BOUNDARY\r\nContent-Type: text/csv\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
            "\r\n--BOUNDARY\r\nContent-Type: text/csv\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
            "\r\n--BOUNDARY--\r\n");
  EXPECT_EQ(parts.content_length, body.size());
}

TEST(ContentDisposition, NeutralisesNames) {
  EXPECT_EQ(content_disposition("a b.csv"), "attachment; filename=\"a b.csv\"; filename*=UTF-8''a%20b.csv");
  EXPECT_EQ(content_disposition("Wetter \xc3\xbc.csv"),
            "attachment; filename=\"Wetter _.csv\"; filename*=UTF-8''Wetter%20%C3%BC.csv");
  EXPECT_EQ(content_disposition("a\"\r\nX: 1\\/b"),
            "attachment; filename=\"a___X: 1__b\"; filename*=UTF-8''a___X%3A%201__b");
  EXPECT_EQ(content_disposition("a\xe2\x80\xaegpj.exe"),
            "attachment; filename=\"a_gpj.exe\"; filename*=UTF-8''a_gpj.exe");
  EXPECT_EQ(content_disposition("\xff\xfe"), "attachment; filename=\"download\"; filename*=UTF-8''download");
  EXPECT_EQ(content_disposition("100%41.csv"), "attachment; filename=\"100_41.csv\"; filename*=UTF-8''100%2541.csv");
}

}  // namespace
}  // namespace lakelift::http
