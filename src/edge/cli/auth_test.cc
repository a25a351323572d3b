// Signing in on the command line, at the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "base/encoding.h"
#include "edge/cli/browser.h"
#include "edge/cli/cli.h"
#include "edge/cli/credentials.h"
#include "edge/cli/device_login.h"
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
using ::testing::Not;
using testing::run_cli;
using testing::slurp;
using testing::spit;
using testing::TempFolder;
using testing::WireAnswer;
using testing::WireRequest;

json::object code_answer() {
  return {{"device_code", "secret device/code"},
          {"user_code", "BCDF-GHJK"},
          {"verification_uri", "http://127.0.0.1:9/accounts/device/"},
          {"verification_uri_complete", "http://127.0.0.1:9/accounts/device/?user_code=BCDF-GHJK"},
          {"expires_in", 600},
          {"interval", 5}};
}

WireAnswer rfc_error(const std::string& error) { return json_answer(400, {{"error", error}}); }
WireAnswer token_answer() {
  return json_answer(200, {{"access_token", "a.b.c"}, {"token_type", "Bearer"}, {"expires_in", 3600}});
}
WireAnswer cut_off() {
  WireAnswer answer = token_answer();
  answer.cut_after = 3;
  return answer;
}

// A person who takes some polls' time; the pauses move the clock and nobody sleeps.
class DeviceLoginTest : public ::testing::Test {
 protected:
  Result<DeviceToken> wait(std::vector<WireAnswer> answers, const json::object& code = code_answer()) {
    fake_.on("POST /accounts/device/code", [code](const WireRequest&) { return json_answer(200, code); });
    fake_.on("POST /accounts/device/token", [this, answers = std::move(answers)](const WireRequest&) {
      return answers[std::min(polls_++, answers.size() - 1)];
    });
    TRY(const DeviceCode device, ask_device_code(http_));
    return wait_for_token(http_, device, clock_, [this](std::int64_t ms) {
      pauses_.push_back(ms);
      clock_.advance(ms * 1'000);
      return pauses_.size() == interrupted_at_;
    });
  }

  FakeLakelift fake_;
  Interrupt interrupt_;
  HttpClient http_{{fake_.url(), ""}, interrupt_};
  ManualClock clock_;
  std::vector<std::int64_t> pauses_;
  std::size_t polls_ = 0;
  std::size_t interrupted_at_ = 0;
};

TEST_F(DeviceLoginTest, AsksUntilThePersonHasConfirmed) {
  const auto token = wait({rfc_error("authorization_pending"), rfc_error("authorization_pending"), token_answer()});
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->token, "a.b.c");
  EXPECT_EQ(token->expires_in_seconds, 3600);
  EXPECT_THAT(pauses_, ElementsAre(5'000, 5'000, 5'000));
  const auto code = fake_.requests("POST /accounts/device/code").at(0);
  EXPECT_EQ(code.body, "client_id=lakelift-cli");
  EXPECT_EQ(code.headers.at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(fake_.requests("POST /accounts/device/token").at(0).body,
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=secret%20device%2Fcode&"
            "client_id=lakelift-cli");
}

TEST_F(DeviceLoginTest, SlowDownMeansFiveSecondsMoreFromThenOn) {
  ASSERT_TRUE(wait({rfc_error("slow_down"), rfc_error("authorization_pending"), rfc_error("slow_down"),
                    rfc_error("authorization_pending"), token_answer()}));
  EXPECT_THAT(pauses_, ElementsAre(5'000, 10'000, 10'000, 15'000, 15'000));
}

TEST_F(DeviceLoginTest, ALostConnectionIsNoEndAndSlowsDown) {
  ASSERT_TRUE(wait({cut_off(), json_answer(503, {}), rfc_error("authorization_pending"), token_answer()}));
  EXPECT_THAT(pauses_, ElementsAre(5'000, 10'000, 20'000, 20'000));
}

TEST_F(DeviceLoginTest, ACodeEndsWhenItsTimeIsOverThoughTheServerIsAway) {
  const auto token = wait({cut_off()});
  EXPECT_EQ(token.error().event, "SIGN_IN_EXPIRED");
  EXPECT_LE(*std::ranges::max_element(pauses_), 60'000);
  EXPECT_LE(polls_, 20U);
}

TEST_F(DeviceLoginTest, RefusedAndExpiredEndIt) {
  EXPECT_EQ(wait({rfc_error("access_denied")}).error().event, "SIGN_IN_REFUSED");
  polls_ = 0;
  const auto expired = wait({rfc_error("authorization_pending"), rfc_error("expired_token")});
  EXPECT_EQ(expired.error().event, "SIGN_IN_EXPIRED");
  EXPECT_EQ(expired.error().code, Code::kUnauthenticated);
}

TEST_F(DeviceLoginTest, OtherErrorsAreTold) {
  const auto said = wait({json_answer(400, {{"error", "invalid_grant"}, {"error_description", "no such code"}})});
  EXPECT_EQ(said.error().message, "no such code");
  polls_ = 0;
  EXPECT_EQ(wait({json_answer(400, {{"error", "invalid_client"}})}).error().message, "invalid_client");
  polls_ = 0;
  EXPECT_EQ(wait({json_answer(500, {})}).error().code, Code::kInternal);
  polls_ = 0;
  EXPECT_EQ(wait({json_answer(200, {{"token_type", "Bearer"}})}).error().event, "ANSWER_NOT_UNDERSTOOD");
}

TEST_F(DeviceLoginTest, CtrlCEndsTheWait) {
  interrupted_at_ = 2;
  EXPECT_EQ(wait({rfc_error("authorization_pending")}).error().event, "INTERRUPTED");
  EXPECT_EQ(polls_, 1U);
}

TEST_F(DeviceLoginTest, WhatTheServerSaysOfTimesIsBounded) {
  json::object code = code_answer();
  code.erase("interval");  // then it is 5 s
  code["expires_in"] = INT64_MAX;
  EXPECT_EQ(wait({rfc_error("authorization_pending")}, code).error().event, "SIGN_IN_EXPIRED");
  EXPECT_EQ(polls_, 720U);  // an hour
  code["interval"] = INT64_MAX;
  pauses_.clear();
  EXPECT_FALSE(wait({rfc_error("access_denied")}, code));
  EXPECT_THAT(pauses_, ElementsAre(60'000));
}

TEST_F(DeviceLoginTest, AnswersThatAreNoneAreRefused) {
  for (const char* key : {"device_code", "user_code", "verification_uri", "expires_in"}) {
    json::object code = code_answer();
    code.erase(key);
    EXPECT_EQ(wait({token_answer()}, code).error().event, "ANSWER_NOT_UNDERSTOOD") << key;
  }
  json::object code = code_answer();
  code["verification_uri"] = "file:///etc/passwd";
  EXPECT_EQ(wait({token_answer()}, code).error().event, "ANSWER_NOT_UNDERSTOOD");
  code = code_answer();
  code["verification_uri_complete"] = "javascript:alert(1)";
  EXPECT_TRUE(wait({token_answer()}, code));  // the plain address is used
  fake_.on("POST /accounts/device/code", [](const WireRequest&) { return error_answer(404, "NOT_FOUND", "no"); });
  EXPECT_EQ(ask_device_code(http_).error().event, "SIGN_IN_NOT_OFFERED");
  fake_.on("POST /accounts/device/code", [](const WireRequest&) { return error_answer(429, "", "slow"); });
  EXPECT_EQ(ask_device_code(http_).error().code, Code::kTooMany);
}

// `lakelift auth …` with a home of its own.
class AuthTest : public ::testing::Test {
 protected:
  AuthTest() {
    fake_.on("GET /accounts/me", [this](const WireRequest& request) {
      const auto found = request.headers.find("authorization");
      if (found == request.headers.end() || found->second != "Bearer " + good_token_)
        return error_answer(401, "COULD_NOT_FIND_AUTH_TOKEN", "no account has this token");
      return json_answer(200, {{"@type", "account"}, {"id", 3}, {"email", "ada@example.com"}, {"type", "RESEARCHER"}});
    });
    fake_.on("POST /accounts/tokens/revoke/",
             [](const WireRequest&) { return json_answer(200, {{"@type", "empty"}}); });
  }

  CliRun run(std::vector<std::string> args, const std::string& in = "",
             const std::map<std::string, std::string>& env = {}) {
    args.insert(args.begin(), {"--server", fake_.url()});
    std::map<std::string, std::string> all{{"HOME", home_.path()}};
    all.insert(env.begin(), env.end());
    return run_cli(args, {.env = all, .in = in, .host = {}});
  }
  [[nodiscard]] std::string place() const { return home_.file(".config/lakelift/credentials.toml"); }
  [[nodiscard]] static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  FakeLakelift fake_;
  TempFolder home_;
  std::string good_token_ = "a.b.c";
};

TEST_F(AuthTest, LoginShowsTheCodeAndKeepsTheToken) {
  json::object code = code_answer();
  code["interval"] = 0;
  fake_.on("POST /accounts/device/code", [code](const WireRequest&) { return json_answer(200, code); });
  fake_.on("POST /accounts/device/token", [](const WireRequest&) { return token_answer(); });
  const CliRun login = run({"auth", "login"});
  EXPECT_EQ(login.code, kOk) << login.err;
  EXPECT_EQ(login.out, "");
  EXPECT_THAT(login.err, HasSubstr("Open http://127.0.0.1:9/accounts/device/ and enter the code\n\n    BCDF-GHJK\n"));
  EXPECT_THAT(login.err,
              HasSubstr("as ada@example.com; the token is kept in " + place() + ", which only you can read"));
  EXPECT_THAT(login.err, Not(HasSubstr("a.b.c")));
  EXPECT_EQ(mode_of(place()), 0600U);
  EXPECT_EQ(mode_of(home_.file(".config/lakelift")), 0700U);
  EXPECT_FALSE(fake_.requests("POST /accounts/device/token").at(0).headers.contains("authorization"));

  // Every command uses it from then on.
  EXPECT_EQ(run({"catalogue", "list", "--output", "id"}).out, "7\n");
  EXPECT_EQ(fake_.requests("GET /catalogue/items/").at(0).headers["authorization"], "Bearer a.b.c");
  const CliRun status = run({"auth", "status", "--output", "json"});
  EXPECT_EQ(status.code, kOk) << status.err;
  const auto record = parse_json(status.out);
  EXPECT_EQ(record->at("email").as_string(), "ada@example.com");
  EXPECT_EQ(record->at("source").as_string(), "stored");
  EXPECT_EQ(record->at("stored_in").as_string(), place());
  EXPECT_TRUE(record->at("expires_at").is_string());
  EXPECT_EQ(run({"auth", "token"}).out, "a.b.c\n");
  EXPECT_EQ(run({"auth", "list", "--output", "id"}).out, fake_.url() + "\n");
  EXPECT_THAT(run({"config", "show"}).out, HasSubstr("(set)"));
}

TEST_F(AuthTest, ATokenFromStdinIsTriedFirst) {
  EXPECT_EQ(run({"auth", "login", "--with-token"}, "wrong\n").code, kSignInNeeded);
  EXPECT_EQ(run({"auth", "login", "--with-token"}, "").code, kUsage);
  EXPECT_NE(access(place().c_str(), F_OK), 0);
  // {"exp":1900000000}
  good_token_ = "e30.eyJleHAiOjE5MDAwMDAwMDB9.c2ln";
  const CliRun login = run({"auth", "login", "--with-token", "--output", "json"}, " " + good_token_ + " \n");
  EXPECT_EQ(login.code, kOk) << login.err;
  EXPECT_EQ(parse_json(login.out)->at("expires_at").as_string(), "2030-03-17T17:46:40.000000Z");
  EXPECT_THAT(login.out, Not(HasSubstr(good_token_)));
}

TEST_F(AuthTest, TheEnvironmentWins) {
  ASSERT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kOk);
  good_token_ = "other";
  const CliRun status = run({"auth", "status", "--output", "csv"}, "", {{"LAKELIFT_TOKEN", "other"}});
  EXPECT_THAT(status.out, HasSubstr(",environment,,"));
  EXPECT_EQ(run({"auth", "token"}, "", {{"LAKELIFT_TOKEN", "other"}}).out, "other\n");
  EXPECT_EQ(run({"auth", "token"}, "", {{"LAKELIFT_TOKEN", ""}}).out, "a.b.c\n");
  const CliRun login = run({"auth", "login", "--with-token"}, "other", {{"LAKELIFT_TOKEN", "x"}});
  EXPECT_THAT(login.err, HasSubstr("LAKELIFT_TOKEN is set, and wins over it"));
}

TEST_F(AuthTest, WithoutATokenItSaysHowToGetOne) {
  for (const auto& args : std::vector<std::vector<std::string>>{{"auth", "status"}, {"auth", "token"}}) {
    const CliRun nobody = run(args);
    EXPECT_EQ(nobody.code, kSignInNeeded);
    EXPECT_THAT(nobody.err, HasSubstr("error: nobody is signed in to " + fake_.url() +
                                      "\nhint: sign in with `lakelift "
                                      "auth login`"));
  }
  ASSERT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kOk);
  good_token_ = "another";
  const CliRun ended = run({"auth", "status"});
  EXPECT_EQ(ended.code, kSignInNeeded);
  EXPECT_THAT(ended.err, HasSubstr("the token in " + place() + " does not open " + fake_.url()));
  EXPECT_THAT(ended.err, HasSubstr("lakelift auth login"));
}

TEST_F(AuthTest, LogoutRevokesAndForgets) {
  ASSERT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kOk);
  EXPECT_EQ(run({"auth", "logout"}).code, kOk);
  const auto revoked = fake_.requests("POST /accounts/tokens/revoke/");
  ASSERT_EQ(revoked.size(), 1U);
  EXPECT_EQ(revoked[0].body, R"({"token":"a.b.c"})");
  EXPECT_THAT(slurp(place()), Not(HasSubstr("a.b.c")));
  const CliRun again = run({"auth", "logout"});
  EXPECT_EQ(again.code, kOk);
  EXPECT_THAT(again.err, HasSubstr("nobody is signed in"));
  ASSERT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kOk);
  EXPECT_EQ(run({"auth", "logout", "--no-revoke"}).code, kOk);
  EXPECT_EQ(fake_.requests("POST /accounts/tokens/revoke/").size(), 1U);
}

TEST_F(AuthTest, LogoutWorksWhenTheServerIsAway) {
  ASSERT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kOk);
  const Credentials credentials(place());
  ASSERT_TRUE(credentials.keep({"http://127.0.0.1:1", "secret", "ada@example.com", "2030-01-01T00:00:00Z"}));
  const CliRun offline = run_cli({"--server", "http://127.0.0.1:1/", "auth", "logout"},
                                 {.env = {{"HOME", home_.path()}}, .in = {}, .host = {}});
  EXPECT_EQ(offline.code, kOk);
  EXPECT_THAT(offline.err,
              HasSubstr("the server did not revoke the token, which stays good until 2030-01-01T00:00:00Z"));
  EXPECT_THAT(slurp(place()), Not(HasSubstr("secret")));
  EXPECT_THAT(slurp(place()), HasSubstr("a.b.c"));  // of the other server
}

TEST_F(AuthTest, AFileThatOthersCanReadIsRefused) {
  ASSERT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kOk);
  ASSERT_EQ(chmod(place().c_str(), 0644), 0);
  const CliRun refused = run({"catalogue", "list"});
  EXPECT_EQ(refused.code, kRefused);
  EXPECT_THAT(refused.err, HasSubstr("credentials.toml can be read or written by others"));
  EXPECT_TRUE(fake_.requests("GET /catalogue/items/").empty());
  EXPECT_EQ(run({"auth", "login", "--with-token"}, "a.b.c").code, kRefused);
  EXPECT_EQ(run({"catalogue", "list"}, "", {{"LAKELIFT_TOKEN", "x"}}).code, kOk);  // the file is of no interest
}

TEST_F(AuthTest, AFolderNeedsNoSignIn) {
  const CliRun none = run_cli({"auth", "login"}, {.env = {{"HOME", home_.path()}}, .in = {}, .host = {}});
  EXPECT_EQ(none.code, kUsage);
  EXPECT_THAT(none.err, HasSubstr("which server? Say --server URL"));
}

TEST(Credentials, KeepsOneATokenPerServer) {
  const TempFolder folder;
  const Credentials credentials(folder.file("new/deep/credentials.toml"));
  EXPECT_TRUE(credentials.all()->empty());
  ASSERT_TRUE(credentials.keep({"http://a:1", "1", "ada@example.com", ""}));
  ASSERT_TRUE(credentials.keep({"https://b.example/\"x\"", "2\n\"'\\", "b", "2030-01-01T00:00:00Z"}));
  ASSERT_TRUE(credentials.keep({"http://a:1", "3", "ada@example.com", ""}));
  EXPECT_EQ(credentials.all()->size(), 2U);
  EXPECT_EQ((*credentials.find("http://a:1"))->token, "3");
  EXPECT_EQ((*credentials.find("https://b.example/\"x\""))->token, "2\n\"'\\");
  EXPECT_FALSE(*credentials.find("http://a:2"));
  EXPECT_TRUE(*credentials.forget("http://a:1"));
  EXPECT_FALSE(*credentials.forget("http://a:1"));
  EXPECT_EQ(Credentials("").keep({"http://a:1", "1", "", ""}).error().code, Code::kInvalid);
  EXPECT_TRUE(Credentials("").all()->empty());
}

TEST(Credentials, OnlyAPrivateFileIsRead) {
  const TempFolder folder;
  const std::string path = folder.file("credentials.toml");
  const Credentials credentials(path);
  spit(folder.file("real"), "");
  ASSERT_EQ(chmod(folder.file("real").c_str(), 0600), 0);
  ASSERT_EQ(symlink(folder.file("real").c_str(), path.c_str()), 0);
  EXPECT_EQ(credentials.all().error().event, "CREDENTIALS_NOT_PRIVATE");
  ASSERT_EQ(unlink(path.c_str()), 0);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(credentials.all().error().event, "CREDENTIALS_NOT_PRIVATE");
  ASSERT_EQ(unlink(path.c_str()), 0);
  spit(path, "[server.a]\ntoken = 'top secret\n");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(credentials.all().error().event, "CREDENTIALS_NOT_PRIVATE");
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  const auto broken = credentials.all();
  EXPECT_EQ(broken.error().event, "CREDENTIALS_NOT_VALID");
  EXPECT_THAT(broken.error().message, Not(HasSubstr("secret")));
}

TEST(Browser, NeedsADisplay) {
  unsetenv("DISPLAY");
  unsetenv("WAYLAND_DISPLAY");
  EXPECT_FALSE(open_in_browser("http://127.0.0.1:9/"));
}

}  // namespace
}  // namespace lakelift::cli
