// `catalogue import` and `catalogue export` at the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/cli.h"
#include "edge/cli/item_export.h"
#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using ::testing::ElementsAre;
using testing::error_answer;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using testing::json_answer;
using testing::run_cli;
using testing::slurp;
using testing::spit;
using testing::TempFolder;
using testing::WireRequest;

constexpr const char* kNewItem =
    "# made by hand\n"
    "name: t.new\n"
    "executor_type: ATHENA\n"
    "spec:\n"
    "  - name: x\n"
    "    type: INTEGR\n"
    "    size: null\n"
    "    is_nullable: false\n"
    "    is_enum: false\n"
    "    distribution: null\n"
    "sample:\n"
    "  - {x: 1}\n";

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() {
    fake_.on("GET /accounts/me", [](const WireRequest&) { return json_answer(200, {{"id", 3}}); });
    fake_.on("POST /catalogue/items/", [](const WireRequest& request) {
      if (request.target.ends_with("?dry_run=true"))
        return json_answer(200, {{"@event", "CATALOGUEITEM_WOULD_BE_CREATED"}, {"@type", "empty"}});
      return json_answer(201, {{"@event", "CATALOGUEITEM_CREATED"}, {"id", 21}});
    });
    fake_.on("PUT /catalogue/items/7", [](const WireRequest&) { return json_answer(200, {{"id", 7}}); });
  }

  CliRun run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--server", fake_.url()});
    return run_cli(args);
  }
  std::string file(const std::string& name, const std::string& content) {
    spit(folder_.file(name), content);
    return folder_.file(name);
  }
  // The server refuses every new item so.
  void refuse(const json::object& errors) {
    fake_.on("POST /catalogue/items/", [errors](const WireRequest&) {
      return json_answer(400, {{"@event", "BODY_DID_NOT_VALIDATE"}, {"message", "wrong"}, {"errors", errors}});
    });
  }

  FakeLakelift fake_;
  TempFolder folder_;
};

TEST_F(ImportTest, CreatesWhatIsNewAndLeavesWhatExists) {
  const CliRun done = run({"catalogue", "import", file("new.yaml", kNewItem),
                           file("old.json", R"({"name": "t.flights", "spec": []})"), "--output", "csv"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(done.out, "result,name,id,file,line,problems\r\ncreated,t.new,21," + folder_.file("new.yaml") +
                          ",2,0\r\nleft,t.flights,7," + folder_.file("old.json") + ",1,0\r\n");
  EXPECT_THAT(done.err, HasSubstr("new.yaml:2: t.new: created\n"));
  EXPECT_THAT(done.err, HasSubstr("old.json:1: t.flights: exists, left as it is\n"));
  const auto sent = fake_.requests("POST /catalogue/items/");
  ASSERT_EQ(sent.size(), 1U);
  // As it stands in the file, and whoever imports maintains it.
  EXPECT_EQ(sent[0].body,
            R"({"name":"t.new","executor_type":"ATHENA","spec":[{"name":"x","type":"INTEGR","size":null,)"
            R"("is_nullable":false,"is_enum":false,"distribution":null}],"sample":[{"x":1}],"maintained_by_id":3})");
  EXPECT_TRUE(fake_.requests("PUT /catalogue/items/7").empty());
}

TEST_F(ImportTest, AMaintainerOfTheFileStays) {
  EXPECT_EQ(run({"catalogue", "import", file("a.yaml", "name: t.a\nmaintained_by_id: null\n")}).code, kOk);
  EXPECT_EQ(fake_.requests("POST /catalogue/items/").at(0).body, R"({"name":"t.a","maintained_by_id":null})");
  EXPECT_TRUE(fake_.requests("GET /accounts/me").empty());
}

TEST_F(ImportTest, OverwriteSendsWhatTheFileHas) {
  const CliRun done =
      run({"create_fake_catalogue_items", file("a.yaml", "name: t.flights\ndescription: new\n"), "--overwrite"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_THAT(done.err, HasSubstr("t.flights: updated"));
  EXPECT_EQ(fake_.requests("PUT /catalogue/items/7").at(0).body, R"({"name":"t.flights","description":"new"})");
}

TEST_F(ImportTest, DryRunsSayWhatWouldBe) {
  const CliRun done = run({"catalogue", "import", file("a.yaml", "- name: t.a\n- name: t.flights\n"), "--overwrite",
                           "--dry-run", "--output", "json"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_THAT(done.err, HasSubstr("a.yaml:1: t.a: would be created\n"));
  EXPECT_THAT(done.err, HasSubstr("a.yaml:2: t.flights: would be updated\n"));
  EXPECT_EQ(fake_.requests("POST /catalogue/items/").at(0).target, "/catalogue/items/?dry_run=true");
  EXPECT_EQ(fake_.requests("PUT /catalogue/items/7").at(0).target, "/catalogue/items/7?dry_run=true");
  const auto rows = parse_json(done.out);
  ASSERT_TRUE(rows) << done.out;
  EXPECT_EQ(rows->at(0).at("result").as_string(), "created");
  EXPECT_TRUE(rows->at(0).at("id").is_null());
}

TEST_F(ImportTest, ErrorsNameFileItemFieldAndLine) {
  refuse({{"spec", json::array{"JSON did not validate. PATH: '0.type' REASON: Expected one of INTEGER, FLOAT.",
                               "JSON did not validate. PATH: '0.description' REASON: This field is required."}},
          {"sample", json::array{"JSON did not validate. PATH: '0.x' REASON: Expected a text, got 1."}},
          {"maintained_by", json::array{"account instance with id 3 does not exist."}},
          {"name", json::array{"Not good."}}});
  const std::string path = file("new.yaml", kNewItem);
  const CliRun done = run({"catalogue", "import", path, "--quiet", "--output", "json"});
  EXPECT_EQ(done.code, kError);
  EXPECT_EQ(done.err, path + ":2: t.new: maintained_by_id: account instance with id 3 does not exist.\n" +  //
                          path + ":2: t.new: name: Not good.\n" +                                           //
                          path + ":5: t.new: spec.0.description: This field is required.\n" +               //
                          path + ":6: t.new: spec.0.type: Expected one of INTEGER, FLOAT.\n" +              //
                          path + ":12: t.new: sample.0.x: Expected a text, got 1.\n" +
                          "error: 1 of 1 failed; nothing of them was stored\n");
  const auto rows = parse_json(done.out);
  EXPECT_EQ(rows->at(0).at("result").as_string(), "failed");
  EXPECT_EQ(rows->at(0).at("problems").at(3).at("line").as_int64(), 6);
}

TEST_F(ImportTest, JsonHasLinesToo) {
  refuse({{"spec", json::array{"JSON did not validate. PATH: '0.type' REASON: No."}}});
  const CliRun done = run({"catalogue", "import",
                           file("a.json",
                                "{\n\t\"name\": \"t.a\",\n\t\"spec\": [\n\t\t{\"name\": \"x\",\n"
                                "\t\t \"type\": \"X\"}\n\t]\n}\n")});
  EXPECT_EQ(done.code, kError);
  EXPECT_THAT(done.err, HasSubstr("a.json:5: t.a: spec.0.type: No.\n"));
}

TEST_F(ImportTest, OneBadItemDoesNotStopTheOthers) {
  const CliRun done = run({"catalogue", "import", file("a.yaml", "name: [\n"), file("b.yaml", "- 1\n- name: t.b\n"),
                           file("c.yaml", "name: t.b\n"), file("d.yaml", ""), file("e.yaml", "name: t.e\n")});
  EXPECT_EQ(done.code, kError);
  EXPECT_THAT(done.err, HasSubstr("a.yaml:2: end of sequence flow not found\n"));
  EXPECT_THAT(done.err, HasSubstr("b.yaml:1: expected a map with name, executor_type, spec and sample\n"));
  EXPECT_THAT(done.err, HasSubstr("b.yaml:2: t.b: created\n"));
  EXPECT_THAT(done.err, HasSubstr("c.yaml:1: t.b: name: an item of this name comes before, at " +
                                  folder_.file("b.yaml") + ":2\n"));
  EXPECT_THAT(done.err, HasSubstr("d.yaml:1: there is no item in this file\n"));
  EXPECT_THAT(done.err, HasSubstr("e.yaml:1: t.e: created\n"));
  EXPECT_THAT(done.err, HasSubstr("error: 4 of 6 failed"));
}

TEST_F(ImportTest, WhatConcernsAllItemsEndsIt) {
  int asked = 0;
  fake_.on("POST /catalogue/items/", [&asked](const WireRequest&) {
    ++asked;
    return error_answer(403, "ACCESS_DENIED", "only for admins");
  });
  const CliRun done = run({"catalogue", "import", file("a.yaml", "- name: t.flights\n- name: t.a\n- name: t.b\n")});
  EXPECT_EQ(done.code, kRefused);
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(done.out, HasSubstr("t.flights"));  // what was done is told all the same
}

TEST_F(ImportTest, FoldersStandForTheirFiles) {
  file("b.yml", "name: t.b\n");
  file("a.json", "{\"name\": \"t.a\"}");
  file("notes.txt", "no item");
  const CliRun done = run({"catalogue", "import", folder_.path(), "--output", "csv"});
  EXPECT_EQ(done.code, kOk) << done.err;
  EXPECT_EQ(fake_.requests("POST /catalogue/items/").size(), 2U);
  const TempFolder empty;
  EXPECT_EQ(run({"catalogue", "import", empty.path()}).code, kNotFound);
  EXPECT_EQ(run({"catalogue", "import", folder_.file("missing.yaml")}).code, kNotFound);
  EXPECT_EQ(run({"catalogue", "import"}).code, kUsage);
}

TEST_F(ImportTest, WhatFilesSayCannotSteerATerminal) {
  const CliRun done = run({"catalogue", "import", file("a.yaml", "name: \"t.\\e[2J\"\n")});
  EXPECT_THAT(done.err, HasSubstr("t.\\x1b[2J: created"));
}

TEST_F(ImportTest, ExportWritesWhatImportReads) {
  const CliRun yaml = run({"catalogue", "export", "t.flights"});
  EXPECT_EQ(yaml.code, kOk) << yaml.err;
  EXPECT_THAT(yaml.out, ::testing::StartsWith("name: t.flights\n"
                                              "description: |-\n"
                                              "  Departures\n"
                                              "  of a year\n"
                                              "executor_type: LOCAL\n"
                                              "spec:\n"
                                              "  - name: carrier\n"
                                              "    type: STRING\n"
                                              "    size: 1000\n"
                                              "    is_nullable: true\n"
                                              "    is_enum: false\n"
                                              "    distribution: null\n"));
  EXPECT_EQ(run({"catalogue", "export", "7"}).out, yaml.out);
  EXPECT_EQ(run({"catalogue", "export"}).out, yaml.out);
  EXPECT_EQ(run({"catalogue", "export", "t.flights", "7"}).out, "---\n" + yaml.out + "---\n" + yaml.out);

  const std::string path = file("out.yaml", yaml.out);
  EXPECT_EQ(run({"catalogue", "import", path, "--overwrite"}).code, kOk);
  const std::string sent = fake_.requests("PUT /catalogue/items/7").at(0).body;
  const CliRun as_json = run({"catalogue", "export", "t.flights", "--format", "json"});
  EXPECT_EQ(to_text(*parse_json(as_json.out)), sent);
}

TEST_F(ImportTest, ExportsToFilesAndFolders) {
  EXPECT_EQ(run({"catalogue", "export", "-o", folder_.file("all.json")}).code, kOk);
  EXPECT_THAT(slurp(folder_.file("all.json")), ::testing::StartsWith("{\n  \"name\": \"t.flights\",\n"));
  EXPECT_EQ(run({"catalogue", "export", "-o", folder_.file("items/")}).code, kOk);
  EXPECT_THAT(slurp(folder_.file("items/t.flights.yaml")), ::testing::StartsWith("name: t.flights\n"));
  EXPECT_EQ(run({"catalogue", "export", "-o", folder_.file("items"), "--format", "json"}).code, kOk);
  EXPECT_THAT(slurp(folder_.file("items/t.flights.json")), ::testing::StartsWith("{"));
  EXPECT_EQ(run({"catalogue", "export", "-o", "/dev/full"}).code, kError);
  EXPECT_EQ(run({"catalogue", "export", "nothing.here"}).code, kNotFound);
  EXPECT_EQ(run({"catalogue", "export", "-o", "-"}).code, kOk);
}

TEST(ItemExport, LeavesOutWhatIsOfOneServer) {
  const auto item = parse_json(R"({"@type":"catalogue_item","id":7,"name":"a","spec":[{"name":"x","type":"FLOAT",
    "size":1,"is_nullable":false,"is_enum":false,"distribution":null,"null_share":0.5}],"sample":[],"tags":["b"],
    "visibility":"named","description":null,"created_by":{"id":1},"rows":3,"executor_type":"LOCAL"})");
  EXPECT_EQ(
      to_text(exported_item(item->get_object())),
      R"({"name":"a","description":null,"executor_type":"LOCAL","tags":["b"],"visibility":"named","spec":[{"name":)"
      R"("x","type":"FLOAT","size":1,"is_nullable":false,"is_enum":false,"distribution":null}],"sample":[]})");
}

TEST(ItemExport, WhatAProfileLeftBecomesWhatMayBeSentIn) {
  const auto item = parse_json(R"({"name":"a","spec":[{"name":"x","is_nullable":false,"distribution":
    [{"value":"cut","count":2},{"value":null,"count":1},{"value":"cut","count":5},{"value_min":1,"count":1}]},
    {"name":"y","is_nullable":true,"distribution":null}],
    "sample":[{"x":null,"y":1},{"x":1,"y":null}]})");
  EXPECT_EQ(to_text(exported_item(item->get_object())),
            R"({"name":"a","spec":[{"name":"x","is_nullable":false,"distribution":[{"value":"cut","count":7},)"
            R"({"value":null,"count":1},{"value_min":1,"count":1}]},{"name":"y","is_nullable":true,)"
            R"("distribution":null}],"sample":[{"x":1,"y":null}]})");
}

TEST(ItemExport, FileNames) {
  EXPECT_EQ(file_name_of("nycflights13.flights"), "nycflights13.flights");
  EXPECT_EQ(file_name_of("../a b/é"), "%2E.%2Fa%20b%2F%C3%A9");
  EXPECT_EQ(file_name_of("."), "%2E");
  const std::string one = file_name_of(std::string(256, 'x'));
  EXPECT_LE(one.size(), 230U);
  EXPECT_NE(one, file_name_of(std::string(255, 'x')));
}

}  // namespace
}  // namespace lakelift::cli
