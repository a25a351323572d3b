#include "backends/net/aws/credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "backends/net/testing/fake_transport.h"
#include "base/transfer_limits.h"

namespace lakelift::aws {
namespace {

using net::testing::FakeAnswer;
using net::testing::FakeCall;
using net::testing::FakeTransport;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() : home_(std::filesystem::temp_directory_path() / ("credentials-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(home_ / ".aws");
  }
  ~CredentialsTest() override { std::filesystem::remove_all(home_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(home_ / name, std::ios::trunc) << text;
    return home_ / name;
  }
  Result<std::unique_ptr<CredentialsSource>> find() {
    return find_credentials({.environment =
                                 [this](const std::string& name) {
                                   const auto at = environment_.find(name);
                                   return at == environment_.end() ? std::string() : at->second;
                                 },
                             .transport = service_,
                             .metadata_service = metadata_,
                             .clock = clock_},
                            {.region = "eu-central-1", .token_service_endpoint = ""});
  }
  // Which credentials are found: their key id; else the error's message.
  std::string found() {
    const auto source = find();
    if (!source) return source.error().message;
    const auto credentials = (*source)->get();
    return credentials ? credentials->key_id : credentials.error().message;
  }
  bool says(const std::string& text) {
    const auto source = find();
    const auto credentials = source ? (*source)->get() : std::unexpected(source.error());
    if (credentials) return false;
    EXPECT_EQ(credentials.error().event, "STORAGE_REFUSED");
    EXPECT_EQ(credentials.error().message.find(home_.string()), std::string::npos) << "no path of this machine";
    EXPECT_NE(credentials.error().message.find(text), std::string::npos) << credentials.error().message;
    return credentials.error().message.find(text) != std::string::npos;
  }

  static FakeAnswer role_answer(const std::string& key_id, Micros expires) {
    return {.status = 200,
            .headers = {},
            .body = R"({"Code":"Success","Type":"AWS-HMAC","AccessKeyId":")" + key_id +
                    R"(","SecretAccessKey":"secret","Token":"token","Expiration":")" + iso8601(expires) + "\"}"};
  }
  Result<FakeAnswer> metadata(const FakeCall& call) {
    if (call.url.ends_with("/latest/api/token")) return metadata_token_;
    if (call.header("X-aws-ec2-metadata-token") != "imds-token")
      return FakeAnswer{.status = 401, .headers = {}, .body = {}};
    if (call.url.ends_with("/security-credentials/")) return metadata_roles_;
    return metadata_role_;
  }

  const std::filesystem::path home_;
  std::map<std::string, std::string> environment_;
  ManualClock clock_;
  Result<FakeAnswer> service_answer_ = fail(Code::kUnavailable, "sts is not to be had");
  FakeTransport service_{[this](const FakeCall&) { return service_answer_; }};
  Result<FakeAnswer> metadata_token_ = fail(Code::kUnavailable, "169.254.169.254 is not to be had");
  Result<FakeAnswer> metadata_roles_ = FakeAnswer{.status = 200, .headers = {}, .body = "my role\n"};
  Result<FakeAnswer> metadata_role_ = role_answer("of-the-instance", clock_.now() + kHour);
  FakeTransport metadata_{[this](const FakeCall& call) { return metadata(call); }};

  void give_metadata_token() { metadata_token_ = FakeAnswer{.status = 200, .headers = {}, .body = "imds-token"}; }
  static FakeAnswer assumed(const std::string& key_id, const std::string& expires) {
    return {.status = 200,
            .headers = {},
            .body =
                "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>" +
                key_id +
                "</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>"
                "<Expiration>" +
                expires +
                "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"};
  }
};

TEST_F(CredentialsTest, TheFirstThatIsThere) {
  environment_["HOME"] = home_;
  give_metadata_token();
  EXPECT_EQ(found(), "of-the-instance");
  write(".aws/credentials", "[default]\naws_access_key_id = of-the-profile\naws_secret_access_key = s\n");
  EXPECT_EQ(found(), "of-the-profile");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "jwt\n");
  environment_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/x";
  service_answer_ = assumed("of-the-web-identity", iso8601(clock_.now() + kHour));
  EXPECT_EQ(found(), "of-the-web-identity");
  environment_["AWS_ACCESS_KEY_ID"] = "of-amazons-pair";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(found(), "of-amazons-pair");
  environment_["S3_KEY_ID"] = "of-our-pair";
  environment_["S3_KEY_SECRET"] = "s";
  EXPECT_EQ(found(), "of-our-pair");
}

TEST_F(CredentialsTest, NothingSaysWhatWasLookedFor) {
  for (const char* text : {"S3_KEY_ID and S3_KEY_SECRET", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                           "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE",
                           "the instance's role (the instance's metadata service did not answer"}) {
    EXPECT_TRUE(says(text));
  }
  environment_["AWS_EC2_METADATA_DISABLED"] = "TRUE";
  const std::size_t before = metadata_.calls().size();
  EXPECT_TRUE(says("AWS_EC2_METADATA_DISABLED"));
  EXPECT_EQ(metadata_.calls().size(), before);
}

TEST_F(CredentialsTest, HalfOfAPair) {
  for (const auto& [set, missing] :
       std::map<std::string, std::string>{{"S3_KEY_ID", "S3_KEY_SECRET"},
                                          {"S3_KEY_SECRET", "S3_KEY_ID"},
                                          {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
                                          {"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"},
                                          {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"},
                                          {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"}}) {
    environment_ = {{set, "x"}};
    EXPECT_TRUE(says(set + " is set and " + missing + " is not"));
  }
}

TEST_F(CredentialsTest, WhatCannotStandInAHeader) {
  environment_ = {{"S3_KEY_ID", "id\r\nX: y"}, {"S3_KEY_SECRET", "top-secret"}};
  EXPECT_TRUE(says("S3_KEY_ID and S3_KEY_SECRET: there are blanks"));
  environment_ = {{"S3_KEY_ID", "id"}, {"S3_KEY_SECRET", "top-secret "}};
  EXPECT_TRUE(says("there are blanks"));
  EXPECT_EQ(found().find("top-secret"), std::string::npos);
}

TEST_F(CredentialsTest, AmazonsPairMayHaveAToken) {
  environment_ = {{"AWS_ACCESS_KEY_ID", "id"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}};
  EXPECT_EQ(find().value()->get()->session_token, "t");
}

TEST_F(CredentialsTest, ProfilesOfAFile) {
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = write("file",
                                                      "# a comment\r\n; another\n\n[ default ]\r\n"
                                                      "aws_access_key_id=one\r\naws_secret_access_key = a=b \r\n"
                                                      "[profile  work]\naws_access_key_id = two\n"
                                                      "aws_secret_access_key = s\naws_session_token = t\n"
                                                      "[half]\naws_access_key_id = three\nnonsense\n"
                                                      "[role]\nrole_arn = arn\n[broken\n");
  EXPECT_EQ(find().value()->get()->secret, "a=b");
  environment_["AWS_PROFILE"] = "work";
  EXPECT_EQ(find().value()->get()->session_token, "t");
  environment_["AWS_PROFILE"] = "half";
  EXPECT_TRUE(says("the profile 'half'"));
  environment_["AWS_PROFILE"] = "role";
  EXPECT_TRUE(says("aws_access_key_id"));
  environment_["AWS_PROFILE"] = "lacking";
  EXPECT_TRUE(says("has no profile 'lacking'"));
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = home_ / "missing";
  EXPECT_TRUE(says("can't be read"));
}

TEST_F(CredentialsTest, AFileThatNobodyNamedMayLackTheDefault) {
  environment_["HOME"] = home_;
  environment_["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_TRUE(says("there are no credentials"));
  write(".aws/credentials", "[other]\naws_access_key_id = a\naws_secret_access_key = b\n");
  EXPECT_TRUE(says("there are no credentials"));
  write(".aws/credentials", "[default]\naws_access_key_id = a\n");
  EXPECT_TRUE(says("the profile 'default'")) << "it is there, and wrong";
}

TEST_F(CredentialsTest, AFileThatChangesIsReadAnew) {
  environment_["AWS_SHARED_CREDENTIALS_FILE"] =
      write("file", "[default]\naws_access_key_id = old\naws_secret_access_key = s\n");
  const auto source = find().value();
  EXPECT_EQ(source->get()->key_id, "old");
  write("file", "[default]\naws_access_key_id = newer\naws_secret_access_key = s\n");
  clock_.advance(limits::kCredentialsAgainSeconds * kMicrosPerSecond);
  EXPECT_EQ(source->get()->key_id, "newer");
  write("file", "[defau");
  clock_.advance(limits::kCredentialsAgainSeconds * kMicrosPerSecond);
  EXPECT_EQ(source->get()->key_id, "newer") << "half a file is no reason to stop";
  write("file", "[default]\naws_access_key_id = newest\naws_secret_access_key = s\n");
  clock_.advance(limits::kCredentialsAgainSeconds * kMicrosPerSecond);
  EXPECT_EQ(source->get()->key_id, "newest");
}

TEST_F(CredentialsTest, AnInstancesRole) {
  give_metadata_token();
  const auto source = find().value();
  const auto credentials = source->get();
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->session_token, "token");
  EXPECT_EQ(credentials->expires, clock_.now() + kHour);
  const auto calls = metadata_.calls();
  ASSERT_EQ(calls.size(), 3U) << "and none for the second get()";
  EXPECT_EQ(calls[0].method, "PUT");
  EXPECT_EQ(calls[0].url, "http://169.254.169.254/latest/api/token");
  EXPECT_NE(calls[0].header("X-aws-ec2-metadata-token-ttl-seconds"), "");
  EXPECT_EQ(calls[2].url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/my%20role");
}

TEST_F(CredentialsTest, AnInstanceThatGivesNone) {
  const auto says_of_role = [&](Result<FakeAnswer> token, Result<FakeAnswer> roles, Result<FakeAnswer> role,
                                const std::string& text) {
    metadata_token_ = std::move(token);
    metadata_roles_ = std::move(roles);
    metadata_role_ = std::move(role);
    return says(text);
  };
  const auto answer = [](int status, std::string body) {
    return FakeAnswer{.status = status, .headers = {}, .body = std::move(body)};
  };
  const FakeAnswer token = answer(200, "imds-token");
  const FakeAnswer role = answer(200, "role");
  EXPECT_TRUE(says_of_role(answer(403, ""), role, role, "answered 403"));
  EXPECT_TRUE(says_of_role(answer(500, ""), role, role, "answered 500"));
  EXPECT_TRUE(says_of_role(token, answer(404, ""), role, "has no role"));
  EXPECT_TRUE(says_of_role(token, answer(200, ""), role, "has no role"));
  for (const char* text :
       {"", "[]", "{}",
        R"({"Code":"Failed","AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"2030-01-01T00:00:00Z"})",
        R"({"Code":"Success","AccessKeyId":"a","SecretAccessKey":"b","Token":"c","Expiration":"soon"})"}) {
    EXPECT_TRUE(says_of_role(token, role, answer(200, text), "gave no credentials"));
  }
}

TEST_F(CredentialsTest, TemporaryOnesAreRenewedBeforeTheirEnd) {
  give_metadata_token();
  const auto source = find().value();
  const Micros end = clock_.now() + kHour;
  metadata_role_ = role_answer("second", end + kHour);
  clock_.set(end - limits::kCredentialsEarlySeconds * kMicrosPerSecond - 1);
  EXPECT_EQ(source->get()->key_id, "of-the-instance");
  clock_.advance(1);
  EXPECT_EQ(source->get()->key_id, "second");
}

TEST_F(CredentialsTest, TheyAreKeptWhileARenewalFails) {
  give_metadata_token();
  const auto source = find().value();
  const Micros end = clock_.now() + kHour;
  metadata_token_ = fail(Code::kUnavailable, "away");
  clock_.set(end - kMicrosPerSecond);
  const std::size_t before = metadata_.calls().size();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(source->get()->key_id, "of-the-instance");
  EXPECT_EQ(metadata_.calls().size() - before, static_cast<std::size_t>(limits::kCredentialsAttempts))
      << "a renewal is not tried at each call";
  clock_.set(end);
  EXPECT_FALSE(source->get());
  give_metadata_token();
  metadata_role_ = role_answer("second", end + kHour);
  clock_.advance(limits::kCredentialsAgainSeconds * kMicrosPerSecond);
  EXPECT_EQ(source->get()->key_id, "second");
}

TEST_F(CredentialsTest, WhatTheStoreRefusesIsRenewed) {
  give_metadata_token();
  const auto source = find().value();
  const Credentials first = *source->get();
  metadata_role_ = role_answer("second", clock_.now() + kHour);
  source->refuse(first);
  EXPECT_EQ(source->get()->key_id, "of-the-instance") << "they are of this very moment";
  clock_.advance(limits::kCredentialsAgainSeconds * kMicrosPerSecond);
  source->refuse({"another", "s", "t", 0});
  EXPECT_EQ(source->get()->key_id, "of-the-instance");
  source->refuse(first);
  EXPECT_EQ(source->get()->key_id, "second");
}

TEST_F(CredentialsTest, WebIdentity) {
  environment_ = {{"AWS_WEB_IDENTITY_TOKEN_FILE", write("token", "j.w+t\n")},
                  {"AWS_ROLE_ARN", "arn:aws:iam::1:role/x"}};
  service_answer_ = assumed("first", iso8601(clock_.now() + kHour));
  const auto source = find().value();
  EXPECT_EQ(source->get()->session_token, "session");
  const FakeCall call = service_.calls().at(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.url, "https://sts.eu-central-1.amazonaws.com/");
  EXPECT_EQ(call.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&"
            "RoleSessionName=lakelift&WebIdentityToken=j.w%2Bt");
  EXPECT_EQ(call.header("Authorization"), "");
  write("token", "another");
  service_answer_ = assumed("second", iso8601(clock_.now() + 2 * kHour));
  clock_.advance(kHour);
  EXPECT_EQ(source->get()->key_id, "second");
  EXPECT_TRUE(service_.calls().back().body.ends_with("WebIdentityToken=another")) << "the file is read anew";
}

TEST_F(CredentialsTest, WhatTheTokenServiceRefuses) {
  environment_ = {{"AWS_WEB_IDENTITY_TOKEN_FILE", write("token", "jwt")}, {"AWS_ROLE_ARN", "arn"}};
  const auto outcome = [&](Result<FakeAnswer> answer) {
    service_answer_ = std::move(answer);
    const auto got = find().value()->get();
    EXPECT_FALSE(got);
    EXPECT_EQ(got.error().message.find("jwt"), std::string::npos);
    return got.error();
  };
  const auto error = [](int status, const std::string& code) {
    return FakeAnswer{
        .status = status,
        .headers = {},
        .body = "<ErrorResponse><Error><Code>" + code + "</Code><Message>jwt</Message></Error></ErrorResponse>"};
  };
  EXPECT_EQ(outcome(error(400, "ExpiredTokenException")).event, "STORAGE_REFUSED");
  EXPECT_EQ(service_.calls().size(), 1U);
  EXPECT_EQ(outcome(error(400, "IDPCommunicationError")).event, "STORAGE_UNAVAILABLE");
  EXPECT_EQ(service_.calls().size(), 3U);
  EXPECT_EQ(outcome(error(503, "")).event, "STORAGE_UNAVAILABLE");
  EXPECT_EQ(outcome(fail(Code::kDeadline, "slow")).event, "STORAGE_UNAVAILABLE");
  EXPECT_EQ(outcome(FakeAnswer{.status = 200, .headers = {}, .body = "<x/>"}).event, "STORAGE_UNAVAILABLE");
  EXPECT_EQ(outcome(assumed("a", "never")).event, "STORAGE_UNAVAILABLE");
  EXPECT_EQ(outcome(FakeAnswer{.status = 200, .headers = {}, .body = "<x", .breaks_off = true}).event,
            "STORAGE_UNAVAILABLE");
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_ / "missing";
  EXPECT_TRUE(says("AWS_WEB_IDENTITY_TOKEN_FILE can't be read"));
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = write("token", "\n");
  EXPECT_TRUE(says("is empty"));
}

TEST_F(CredentialsTest, FixedOnes) {
  const auto source = fixed_credentials({"id", "s", "", 0});
  source->refuse(*source->get());
  EXPECT_EQ(source->get()->key_id, "id");
}

}  // namespace
}  // namespace lakelift::aws
