// share, unshare, tag, edit, access, notice: what they send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/cli.h"
#include "edge/cli/commands.h"
#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using ::testing::ElementsAre;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using testing::json_answer;
using testing::run_cli;
using testing::WireRequest;

constexpr std::string_view kReaders =
    R"({"@event":"CATALOGUEITEM_READERS_READ","@type":"catalogue_item_readers","visibility":"named",
    "accounts":[{"@type":"account","id":5,"email":"ada@example.com","type":"RESEARCHER"}],
    "groups":[{"@type":"group","id":9,"name":"analysts"}]})";

class SharingTest : public ::testing::Test {
 protected:
  SharingTest() {
    for (const char* call :
         {"GET /catalogue/items/7/readers/", "PUT /catalogue/items/7/readers/", "POST /catalogue/items/7/readers/",
          "DELETE /catalogue/items/7/readers/account/5", "DELETE /catalogue/items/7/readers/group/9"}) {
      fake_.on(call, [](const WireRequest&) { return json_answer(200, parse_json(kReaders)->get_object()); });
    }
    fake_.on("GET /catalogue/items/", [](const WireRequest&) {
      json::object item{{"id", 7}, {"name", "t.flights"}, {"tags", json::array{"hourly", "kept", "x"}}};
      return json_answer(200, {{"@event", "CATALOGUEITEMS_BULK_READ"}, {"items", json::array{item}}});
    });
    fake_.on("PUT /catalogue/items/7", [](const WireRequest&) {
      return json_answer(200, {{"@event", "CATALOGUEITEM_UPDATED"}, {"id", 7}, {"name", "t.flights"}});
    });
  }
  CliRun run(std::vector<std::string> args, const std::string& in = {}) {
    args.insert(args.begin(), {"--server", fake_.url()});
    return run_cli(args, {.env = {}, .in = in, .host = {}});
  }
  std::vector<std::string> bodies(const std::string& call) {
    std::vector<std::string> out;
    for (const auto& request : fake_.requests(call)) out.push_back(request.body);
    return out;
  }

  FakeLakelift fake_;
};

TEST_F(SharingTest, OneByOneOrAllAtOnce) {
  EXPECT_EQ(run({"catalogue", "share", "t.flights", "ada@example.com", "@analysts"}).code, kOk);
  EXPECT_THAT(bodies("POST /catalogue/items/7/readers/"),
              ElementsAre(R"({"account":"ada@example.com"})", R"({"group":"analysts"})"));
  EXPECT_EQ(run({"catalogue", "share", "t.flights", "--only", "@analysts"}).code, kOk);
  EXPECT_EQ(run({"catalogue", "share", "t.flights", "--everyone"}).code, kOk);
  EXPECT_THAT(bodies("PUT /catalogue/items/7/readers/"),
              ElementsAre(R"({"visibility":"named","accounts":[],"groups":["analysts"]})",
                          R"({"visibility":"everyone","accounts":[],"groups":[]})"));
}

TEST_F(SharingTest, WrongUses) {
  EXPECT_EQ(run({"catalogue", "share", "t.flights"}).code, kUsage);
  EXPECT_EQ(run({"catalogue", "share", "t.flights", "--everyone", "@x"}).code, kUsage);
  EXPECT_EQ(run({"catalogue", "edit", "t.flights"}).code, kUsage);
  EXPECT_EQ(run({"catalogue", "tag", "t.flights", "plain"}).code, kUsage);
  EXPECT_EQ(run({"catalogue", "tag", "t.flights", "+"}).code, kUsage);
  EXPECT_EQ(run({"notice", "read"}).code, kUsage);
  EXPECT_EQ(run({"notice", "read", "1", "--all"}).code, kUsage);
  EXPECT_EQ(run({"notice", "list", "--follow", "--output", "json"}).code, kUsage);
}

TEST_F(SharingTest, UnshareFindsWhoIsNamed) {
  EXPECT_EQ(run({"catalogue", "unshare", "t.flights", "ada@example.com", "@analysts"}).code, kOk);
  EXPECT_EQ(fake_.requests("DELETE /catalogue/items/7/readers/account/5").size(), 1U);
  EXPECT_EQ(fake_.requests("DELETE /catalogue/items/7/readers/group/9").size(), 1U);
  const CliRun missing = run({"catalogue", "unshare", "t.flights", "@ada@example.com"});
  EXPECT_EQ(missing.code, kNotFound);
  EXPECT_THAT(missing.err, HasSubstr("does not name @ada@example.com"));
}

TEST_F(SharingTest, ReadersAreOneTable) {
  EXPECT_EQ(run({"catalogue", "readers", "t.flights", "--output", "csv"}).out,
            "kind,id,name\r\naccount,5,ada@example.com\r\ngroup,9,analysts\r\n");
}

TEST_F(SharingTest, TagsAreAddedAndTaken) {
  EXPECT_EQ(run({"catalogue", "tag", "t.flights", "+New", "-hourly", "-x"}).code, kOk);
  EXPECT_THAT(bodies("PUT /catalogue/items/7"), ElementsAre(R"({"tags":["kept","New"]})"));
}

TEST_F(SharingTest, ADashIsATagOnlyThere) {
  std::vector<std::string> words{"--data", "d", "catalogue", "tag", "x", "-a", "+b", "--output", "json", "-h", "-"};
  keep_tags_from_being_flags(words);
  EXPECT_THAT(words, ElementsAre("--data", "d", "catalogue", "tag", "x", "~a", "+b", "--output", "json", "-h", "-"));
  words = {"slice", "get", "tag", "-o", "x"};
  keep_tags_from_being_flags(words);
  EXPECT_THAT(words, ElementsAre("slice", "get", "tag", "-o", "x"));
  words = {};
  keep_tags_from_being_flags(words);
}

TEST_F(SharingTest, EditSendsWhatIsSaid) {
  EXPECT_EQ(run({"catalogue", "edit", "t.flights", "--description", "-", "--maintainer", "none"}, "# In").code, kOk);
  EXPECT_EQ(run({"catalogue", "edit", "t.flights", "--description", "", "--tag", "a", "--tag", "b"}).code, kOk);
  EXPECT_THAT(bodies("PUT /catalogue/items/7"), ElementsAre(R"({"description":"# In","maintained_by_id":null})",
                                                            R"({"description":null,"tags":["a","b"]})"));
  EXPECT_EQ(run({"catalogue", "edit", "t.flights", "--description", "@no.such.file"}).code, kNotFound);
}

TEST_F(SharingTest, NoticesSpeakToPeople) {
  fake_.on("GET /notices/", [](const WireRequest&) {
    return json_answer(200, parse_json(R"({"@event":"NOTICES_BULK_READ","next":null,"notices":[
      {"id":4,"at":"t","kind":"access.asked","detail":{"by_email":"ada@example.com","item":"a.b","note":"why\u001b[0m"},
       "read_at":null},
      {"id":3,"at":"t","kind":"catalogue_item.changed","detail":{"by_email":"bob@example.com","item":"a.b",
       "fields":["spec","tags"]},"read_at":"t"},
      {"id":2,"at":"t","kind":"access.refused","detail":{"item":"a.b","answer":null},"read_at":"t"},
      {"id":1,"at":"t","kind":"new.kind","detail":{}, "read_at":"t"}]})")
                                ->get_object());
  });
  const CliRun listed = run({"notice", "list", "--output", "csv"});
  EXPECT_THAT(listed.out, HasSubstr("4,t,no,ada@example.com asks to see a.b: why"));
  EXPECT_THAT(listed.out, HasSubstr("3,t,yes,\"bob@example.com changed a.b: spec, tags\""));
  EXPECT_THAT(listed.out, HasSubstr("2,t,yes,you may not see a.b"));
  EXPECT_THAT(listed.out, HasSubstr("1,t,yes,new.kind"));
  EXPECT_EQ(run({"notice", "list"}).out.find('\x1b'), std::string::npos) << "what others wrote can't steer a terminal";
}

TEST_F(SharingTest, FollowingPrintsEachNoticeOnce) {
  fake_.on("GET /notices/", [](const WireRequest&) {
    return json_answer(200, parse_json(R"({"@event":"NOTICES_BULK_READ","next":null,"notices":[
      {"id":2,"at":"t2","kind":"b","detail":{},"read_at":null},{"id":1,"at":"t1","kind":"a","detail":{},
       "read_at":null}]})")
                                ->get_object());
  });
  fake_.on("GET /notices/events", [count = 0](const WireRequest&) mutable {
    testing::WireAnswer answer;
    if (++count > 1) return testing::error_answer(403, "ACCESS_DENIED", "enough");
    answer.headers = {{"Content-Type", "text/event-stream"}};
    answer.body = "data: {\"unread\":2,\"newest\":{\"id\":2}}\n\ndata: {\"unread\":1,\"newest\":{\"id\":2}}\n\n";
    return answer;
  });
  const CliRun followed = run({"notice", "list", "--follow"});
  EXPECT_EQ(followed.out, "t1  a\nt2  b\n");
  EXPECT_EQ(followed.code, kRefused);
}

}  // namespace
}  // namespace lakelift::cli
