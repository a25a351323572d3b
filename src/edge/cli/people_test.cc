// Accounts, groups, tokens, keys and the audit as commands.
#include "edge/cli/people.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/cli/cli.h"
#include "edge/cli/testing/fake_lakelift.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using testing::error_answer;
using testing::FakeLakelift;
using ::testing::HasSubstr;
using testing::json_answer;
using testing::run_cli;
using testing::WireRequest;

json::object account_json(std::int64_t id, const std::string& name) {
  return {{"@type", "account"}, {"id", id},          {"email", name + "@example.com"}, {"type", "RESEARCHER"},
          {"username", name},   {"disabled", false}, {"groups", json::array()}};
}

// Knows ada (7), and the group team (3).
class PeopleTest : public ::testing::Test {
 protected:
  PeopleTest() {
    fake_.on("GET /accounts/", [](const WireRequest& request) {
      json::array found;
      if (request.target.ends_with("?name=ada") || request.target.ends_with("?name=ada%40example.com")) {
        found.push_back(account_json(7, "ada"));
      }
      return json_answer(200, {{"accounts", found}, {"next", nullptr}});
    });
    fake_.on("GET /accounts/7", [](const WireRequest&) { return json_answer(200, account_json(7, "ada")); });
    fake_.on("GET /accounts/8", [](const WireRequest&) {
      return error_answer(404, "COULD_NOT_FIND_ACCOUNT", "there is no such account");
    });
    fake_.on("PUT /accounts/7", [](const WireRequest&) { return json_answer(200, account_json(7, "ada")); });
    fake_.on("DELETE /accounts/7", [](const WireRequest&) { return json_answer(200, {{"@type", "empty"}}); });
    fake_.on("GET /accounts/groups/", [](const WireRequest& request) {
      json::array found;
      if (request.target.ends_with("?name=team")) found.push_back(json::object{{"id", 3}, {"name", "team"}});
      return json_answer(200, {{"groups", found}, {"next", nullptr}});
    });
  }
  CliRun run(std::vector<std::string> args) {
    args.insert(args.begin(), {"--server", fake_.url()});
    return run_cli(args);
  }
  // The body that the call was last sent with, keys sorted.
  std::string sent(const std::string& call) {
    const auto asked = fake_.requests(call);
    return asked.empty() ? "never" : to_canonical_text(*parse_json(asked.back().body));
  }
  void answers(const std::string& call, const json::object& body) {
    fake_.on(call, [body](const WireRequest&) { return json_answer(200, body); });
  }
  FakeLakelift fake_;
};

TEST_F(PeopleTest, AnAccountIsNamedByEmailUsernameOrId) {
  for (const char* who : {"ada", "ada@example.com", "7"}) {
    const CliRun shown = run({"account", "show", who, "--output", "id"});
    EXPECT_EQ(shown.code, kOk) << shown.err;
    EXPECT_EQ(shown.out, "7\n");
  }
  for (const char* nobody : {"8", "grace", ""}) {
    const CliRun missing = run({"account", "show", nobody});
    EXPECT_EQ(missing.code, kNotFound) << missing.err;
    EXPECT_THAT(missing.err, HasSubstr("`lakelift account list`"));
  }
}

TEST_F(PeopleTest, EachChangeSendsWhatItSays) {
  const struct {
    std::vector<std::string> args;
    const char* body;
  } cases[] = {{{"account", "set-type", "ada", "ADMIN"}, R"({"type":"ADMIN"})"},
               {{"account", "disable", "ada"}, R"({"disabled":true})"},
               {{"account", "enable", "7"}, R"({"disabled":false})"},
               {{"account", "rename", "ada", "Ada L"}, R"({"username":"Ada L"})"},
               {{"account", "update", "ada", "--email", "a@example.com"}, R"({"email":"a@example.com"})"}};
  for (const auto& c : cases) {
    const CliRun changed = run(c.args);
    EXPECT_EQ(changed.code, kOk) << changed.err;
    EXPECT_EQ(sent("PUT /accounts/7"), c.body);
  }
  EXPECT_EQ(run({"account", "set-type", "ada", "ROOT"}).code, kUsage);
  EXPECT_EQ(run({"account", "update", "ada"}).code, kUsage) << "without the email";
  EXPECT_EQ(run({"account", "disable", "grace"}).code, kNotFound);
}

TEST_F(PeopleTest, CreatesByEmailOrUsername) {
  answers("POST /accounts/", account_json(9, "x"));
  EXPECT_EQ(run({"account", "create", "x@example.com"}).code, kOk);
  EXPECT_EQ(sent("POST /accounts/"), R"({"email":"x@example.com","type":"RESEARCHER"})");
  EXPECT_EQ(run({"account", "create", "--username", "x y", "--type", "ADMIN"}).code, kOk);
  EXPECT_EQ(sent("POST /accounts/"), R"({"type":"ADMIN","username":"x y"})");
}

TEST_F(PeopleTest, DeletingWithoutATerminalNeedsYes) {
  const CliRun asked = run({"account", "delete", "ada"});
  EXPECT_EQ(asked.code, kUsage);
  EXPECT_THAT(asked.err, HasSubstr("--yes"));
  EXPECT_EQ(sent("DELETE /accounts/7"), "never");
  EXPECT_EQ(run({"account", "delete", "ada", "--yes"}).code, kOk);
  EXPECT_EQ(fake_.requests("DELETE /accounts/7").size(), 1U);
  EXPECT_EQ(run({"group", "delete", "team"}).code, kUsage);
}

TEST_F(PeopleTest, GroupsAndTheirMembers) {
  answers("POST /accounts/groups/", {{"id", 4}, {"name", "new"}, {"members", 0}});
  EXPECT_EQ(run({"group", "create", "new", "--output", "id"}).out, "4\n");
  EXPECT_EQ(sent("POST /accounts/groups/"), R"({"name":"new"})");
  answers("PUT /accounts/groups/3/members/7", {{"@type", "empty"}});
  answers("DELETE /accounts/groups/3/members/7", {{"@type", "empty"}});
  answers("DELETE /accounts/groups/3", {{"@type", "empty"}});
  answers("GET /accounts/groups/3/members/", {{"accounts", {account_json(7, "ada")}}, {"next", nullptr}});
  EXPECT_EQ(run({"group", "add", "team", "ada", "7"}).code, kOk);
  EXPECT_EQ(fake_.requests("PUT /accounts/groups/3/members/7").size(), 2U);
  EXPECT_EQ(run({"group", "members", "team", "--output", "id"}).out, "7\n");
  EXPECT_EQ(run({"group", "remove", "team", "ada"}).code, kOk);
  EXPECT_EQ(run({"group", "remove", "other", "ada"}).code, kNotFound);
  EXPECT_EQ(run({"group", "delete", "team", "--yes"}).code, kOk);
  EXPECT_EQ(fake_.requests("DELETE /accounts/groups/3").size(), 1U);
}

TEST_F(PeopleTest, ANamedTokenSaysWhatItMayAndHowLong) {
  answers("POST /accounts/tokens/", {{"token", "lakelift_x"}, {"expires_at", "2026-11-22T17:35:15Z"}});
  const CliRun made =
      run({"token", "create", "ada@example.com", "--name", "ci", "--scope", "read", "--expires", "90d"});
  EXPECT_EQ(made.out, "lakelift_x\n") << made.err;
  EXPECT_EQ(sent("POST /accounts/tokens/"),
            R"({"email":"ada@example.com","expires_in_seconds":7776000,"name":"ci","scope":"read"})");
  EXPECT_EQ(run({"token", "create", "--name", "ci"}).code, kOk);
  EXPECT_EQ(sent("POST /accounts/tokens/"), R"({"name":"ci"})");
  EXPECT_EQ(run({"token", "create", "--name", "ci", "--expires", "never"}).code, kOk);
  EXPECT_EQ(sent("POST /accounts/tokens/"), R"({"expires_at":null,"name":"ci"})");
  EXPECT_EQ(run({"token", "create"}).code, kUsage);
  EXPECT_EQ(run({"token", "create", "ada@example.com", "--scope", "read"}).code, kUsage);
  EXPECT_EQ(run({"token", "create", "--name", "ci", "--scope", "root"}).code, kUsage);
  EXPECT_EQ(run({"token", "create", "--name", "ci", "--expires", "soon"}).code, kUsage);
}

TEST_F(PeopleTest, TokensAreListedAndDeletedByName) {
  fake_.on("GET /accounts/tokens/", [](const WireRequest& request) {
    json::array tokens{json::object{{"id", 11}, {"name", "12"}}};
    if (request.target.find("account_id=7") != std::string::npos) tokens = {json::object{{"id", 12}, {"name", "ci"}}};
    return json_answer(200, {{"tokens", tokens}, {"next", nullptr}});
  });
  answers("DELETE /accounts/tokens/11", {{"@type", "empty"}});
  answers("DELETE /accounts/tokens/12", {{"@type", "empty"}});
  EXPECT_EQ(run({"token", "list", "--output", "id"}).out, "11\n");
  EXPECT_EQ(run({"token", "list", "--account", "ada", "--output", "id"}).out, "12\n");
  EXPECT_EQ(run({"token", "delete", "12"}).code, kOk) << "the one named so";
  EXPECT_EQ(fake_.requests("DELETE /accounts/tokens/11").size(), 1U);
  EXPECT_EQ(run({"token", "delete", "11"}).code, kOk);
  EXPECT_EQ(run({"token", "delete", "ci", "--account", "ada"}).code, kOk);
  EXPECT_EQ(fake_.requests("DELETE /accounts/tokens/12").size(), 1U);
  EXPECT_EQ(run({"token", "delete", "ci"}).code, kNotFound);
}

TEST_F(PeopleTest, Keys) {
  const json::object key{
      {"id", "beef"}, {"purpose", "link"}, {"signs", true}, {"created_at", "x"}, {"valid_until", nullptr}};
  answers("GET /accounts/keys/", {{"keys", {key}}});
  answers("POST /accounts/keys/rotate", key);
  EXPECT_EQ(run({"key", "list", "--output", "csv"}).out,
            "id,purpose,signs,created_at,valid_until\r\nbeef,link,true,x,\r\n");
  EXPECT_EQ(run({"key", "rotate", "link", "--output", "id"}).out, "beef\n");
  EXPECT_EQ(sent("POST /accounts/keys/rotate"), R"({"purpose":"link","retire":false})");
  EXPECT_EQ(run({"key", "rotate", "token", "--now"}).code, kOk);
  EXPECT_EQ(sent("POST /accounts/keys/rotate"), R"({"purpose":"token","retire":true})");
  EXPECT_EQ(run({"key", "rotate", "cookie"}).code, kUsage);
}

TEST_F(PeopleTest, TheAuditIsReadPageByPage) {
  fake_.on("GET /audit", [](const WireRequest& request) {
    const bool is_first = request.target.find("before") == std::string::npos;
    json::object entry{{"seq", is_first ? 9 : 8},
                       {"at", "2026-11-22T17:35:15.000000Z"},
                       {"kind", "account.created"},
                       {"actor", is_first ? 1 : 2},
                       {"actor_name", "boss@example.com"},
                       {"on_behalf", nullptr},
                       {"subject_kind", "account"},
                       {"subject_id", "7"},
                       {"detail", {{"a", 1}}}};
    if (!is_first) entry["actor_name"] = nullptr;
    return json_answer(200, {{"entries", {entry}}, {"next", is_first ? json::value(9) : json::value(nullptr)}});
  });
  const CliRun shown = run({"audit", "--kind", "account.", "--actor", "ada", "--output", "csv"});
  EXPECT_EQ(shown.out,
            "at,actor,kind,subject,on_behalf,detail\r\n"
            "2026-11-22T17:35:15.000000Z,boss@example.com,account.created,account 7,,\"{\"\"a\"\":1}\"\r\n"
            "2026-11-22T17:35:15.000000Z,account 2,account.created,account 7,,\"{\"\"a\"\":1}\"\r\n")
      << shown.err;
  const auto asked = fake_.requests("GET /audit");
  EXPECT_EQ(asked.at(0).target, "/audit?limit=100&kind=account.&actor=7");
  EXPECT_EQ(asked.at(1).target, "/audit?limit=99&kind=account.&actor=7&before=9");
  EXPECT_EQ(run({"audit", "--limit", "1", "--output", "id"}).out, "9\n");
  EXPECT_EQ(run({"audit", "--since", "2026-11-22", "--limit", "1"}).code, kOk);
  EXPECT_THAT(fake_.requests("GET /audit").back().target, HasSubstr("&from=2026-11-22"));
  EXPECT_EQ(run({"audit", "--since", "7d", "--limit", "1"}).code, kOk);
  EXPECT_THAT(fake_.requests("GET /audit").back().target, HasSubstr("&from=20"));
  EXPECT_EQ(run({"audit", "--since", "7y"}).code, kUsage);
  EXPECT_EQ(run({"audit", "--limit", "0"}).code, kUsage);
}

TEST(ParseSpan, HasAUnit) {
  EXPECT_EQ(parse_span_seconds("45s").value(), 45);
  EXPECT_EQ(parse_span_seconds("30m").value(), 1'800);
  EXPECT_EQ(parse_span_seconds("12h").value(), 43'200);
  EXPECT_EQ(parse_span_seconds("90d").value(), 7'776'000);
  EXPECT_EQ(parse_span_seconds("2w").value(), 1'209'600);
  for (const char* bad : {"", "d", "0d", "-1d", "1", "1.5h", "1 d", "99999999999999999999d", "999999999w", "1y"}) {
    EXPECT_FALSE(parse_span_seconds(bad)) << bad;
  }
}

}  // namespace
}  // namespace lakelift::cli
