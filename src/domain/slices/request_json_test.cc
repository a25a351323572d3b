#include <gtest/gtest.h>

#include <set>

#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using testing::value_of;
using testing::World;

constexpr std::string_view kBase = "http://127.0.0.1:3000";

class RequestJsonTest : public ::testing::Test {
 protected:
  json::object render(const DownloadRequest& request) {
    return to_json(request, world_.item, world_.other, world_.keys, world_.clock, kBase);
  }
  Link opened(const json::value& address) {
    const std::string text(address.as_string());
    EXPECT_TRUE(text.starts_with(kBase)) << text;
    return value_of(verify_link(std::string_view(text).substr(kBase.size()), world_.keys, world_.clock));
  }
  DownloadRequest queued() {
    DownloadRequest request;
    request.id = 12;
    request.spec = {{"a"}, {{"a", table::Operator::kLess, std::int64_t{3}}}, 0.5};
    request.created_by = world_.reader;
    request.estimated_size = 100;
    request.run_id = "run";
    request.created_at = world_.clock.now();
    return request;
  }
  DownloadRequest done() {
    auto request = queued();
    request.state = RunState::kDone;
    request.result_key = "00112233445566778899aabbccddeeff";
    request.result_sha256 = "ab";
    request.rows = 5;
    request.real_size = 90;
    return request;
  }
  World world_;
};

TEST_F(RequestJsonTest, HasTheContractsFieldsAndOurs) {
  const auto object = render(queued());
  std::set<std::string> keys;
  for (const auto& member : object) keys.insert(member.key());
  EXPECT_EQ(keys,
            (std::set<std::string>{"@type",        "id",        "spec",           "catalogue_item", "created_by",
                                   "download_uri", "blob_name", "estimated_size", "real_size",      "executor_job_id",
                                   "is_cancelled", "uri",       "state",          "rows",           "sha256",
                                   "progress",     "waits_for", "failure",        "created_at",     "name",
                                   "note",         "is_stale",  "stale_since"}));
  EXPECT_EQ(object.at("@type"), "download_request");
  EXPECT_EQ(object.at("id"), 12);
  EXPECT_EQ(object.at("created_by").at("id"), world_.reader.id);
  EXPECT_EQ(object.at("catalogue_item").at("id"), world_.item.id);
  EXPECT_EQ(object.at("spec").at("columns").at(0), "a");
  EXPECT_EQ(object.at("state"), "QUEUED");
  EXPECT_EQ(object.at("executor_job_id"), "run");
  EXPECT_EQ(object.at("created_at").as_string(), iso8601(world_.clock.now()));
  for (const char* empty : {"download_uri", "blob_name", "real_size", "rows", "sha256", "failure"}) {
    EXPECT_TRUE(object.at(empty).is_null()) << empty;
  }
}

TEST_F(RequestJsonTest, TheWaitingAddressIsTheCallersOwn) {
  const Link link = opened(render(queued()).at("uri"));
  EXPECT_EQ(link.request_id, 12);
  EXPECT_EQ(link.account_id, world_.other.id);
  EXPECT_EQ(link.purpose, LinkPurpose::kWait);
  EXPECT_EQ(link.expires, 0);
}

TEST_F(RequestJsonTest, DoneHasAnAddressForAnHour) {
  const auto object = render(done());
  const Link link = opened(object.at("download_uri"));
  EXPECT_EQ(link.purpose, LinkPurpose::kGet);
  EXPECT_EQ(link.account_id, world_.other.id);
  EXPECT_EQ(link.expires, world_.clock.now() / kMicrosPerSecond + 3'600);
  EXPECT_EQ(object.at("blob_name"), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(object.at("real_size"), 90);
  EXPECT_EQ(object.at("rows"), 5);
  EXPECT_EQ(object.at("sha256"), "ab");
  EXPECT_EQ(object.at("state"), "DONE");
  EXPECT_EQ(opened(object.at("uri")).purpose, LinkPurpose::kWait);
}

TEST_F(RequestJsonTest, CancelledHasNoAddress) {
  auto request = done();
  request.state = RunState::kCancelled;
  request.is_cancelled = true;
  const auto object = render(request);
  EXPECT_TRUE(object.at("uri").is_null());
  EXPECT_TRUE(object.at("download_uri").is_null());
  EXPECT_EQ(object.at("is_cancelled"), true);
}

TEST_F(RequestJsonTest, FailedSaysWhy) {
  auto request = queued();
  request.state = RunState::kFailed;
  request.failure = Error{Code::kTooLarge, "", "the worker went beyond its memory", {}};
  EXPECT_EQ(render(request).at("failure").at("message"), "the worker went beyond its memory");
  EXPECT_EQ(render(request).at("failure").at("event").as_string(), code_name(Code::kTooLarge));
  request.failure->event = "FILE_BROKEN";
  EXPECT_EQ(render(request).at("failure").at("event"), "FILE_BROKEN");
}

TEST_F(RequestJsonTest, RunningShowsHowFar) {
  auto request = queued();
  request.state = RunState::kRunning;
  request.rows_read = 7;
  request.rows_total = 70;
  EXPECT_EQ(render(request).at("progress").at("rows_read"), 7);
  EXPECT_EQ(render(request).at("progress").at("rows_total"), 70);
}

}  // namespace
}  // namespace lakelift::slices
