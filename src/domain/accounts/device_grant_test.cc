#include "domain/accounts/device_grant.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "backends/metadata/testing/temporary_database.h"
#include "backends/net/testing/fake_http_client.h"

namespace lakelift::accounts {
namespace {

class DeviceGrantTest : public ::testing::Test {
 protected:
  DeviceGrantTest() : ring_(KeyRing::load(*database_, clock_, random_).value()) {}

  DeviceCodes create() { return grant_.create({"lakelift auth login", "192.0.2.9"}).value(); }
  DevicePoll poll(const std::string& device_code) { return grant_.poll(device_code)->poll; }
  std::string look(const std::string& user_code) {
    const auto found = grant_.look_at(user_code);
    return found ? "" : found.error().event;
  }
  void sign_in(const std::string& user_code) {
    ASSERT_TRUE(sign_in_.sign_in_by_email("ada@example.com", {grant_.look_at(user_code)->id, ""}));
  }
  void wait(std::int64_t seconds) { clock_.advance(seconds * kMicrosPerSecond); }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  KeyRing ring_;
  AccountService accounts_{*database_, ledger_, ring_, clock_, random_};
  net::testing::FakeHttpClient http_;
  Issuers issuers_{{}, http_, clock_};
  SignInParts parts_{*database_, ledger_, accounts_, issuers_, clock_, random_};
  SignIn sign_in_{parts_, {.dev_login = true}};
  DeviceGrant grant_{parts_};
};

TEST_F(DeviceGrantTest, ADeviceShowsACodeAPersonSignsInTheDeviceGetsAToken) {
  const DeviceCodes codes = create();
  EXPECT_EQ(codes.interval_seconds, 5);
  EXPECT_EQ(codes.expires_seconds, 600);
  EXPECT_GE(codes.device_code.size(), 43U);
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kAuthorizationPending);
  const auto request = grant_.look_at(codes.user_code);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->program, "lakelift auth login");
  EXPECT_EQ(shown_user_code(*request->user_code), codes.user_code);
  sign_in(codes.user_code);
  const auto answer = grant_.poll(codes.device_code);
  ASSERT_EQ(answer->poll, DevicePoll::kAttached) << "also when it asks too soon";
  const auto issued = sign_in_.issue(answer->account_id);
  ASSERT_TRUE(issued);
  EXPECT_EQ(accounts_.authenticate(issued->token)->email, "ada@example.com");
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kInvalidGrant) << "single use";
  EXPECT_EQ(look(codes.user_code), "COULD_NOT_FIND_AUTHREQUEST");
}

TEST_F(DeviceGrantTest, WhoAsksTooSoonWaitsLonger) {
  const DeviceCodes codes = create();
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kAuthorizationPending);
  wait(5);
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kAuthorizationPending);
  wait(2);
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kSlowDown);
  wait(5);
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kSlowDown) << "10 seconds by now";
  wait(15);
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kAuthorizationPending);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(poll(codes.device_code), DevicePoll::kSlowDown);
  wait(limits::kDevicePollMostSeconds);
  EXPECT_EQ(poll(codes.device_code), DevicePoll::kAuthorizationPending) << "there is an end to it";
}

TEST_F(DeviceGrantTest, ExpiresAndIsRefused) {
  const DeviceCodes late = create();
  const DeviceCodes denied = create();
  ASSERT_TRUE(grant_.deny(denied.user_code));
  EXPECT_EQ(poll(denied.device_code), DevicePoll::kAccessDenied);
  EXPECT_EQ(look(denied.user_code), "COULD_NOT_FIND_AUTHREQUEST");
  EXPECT_FALSE(grant_.deny(denied.user_code));
  wait(600);
  EXPECT_EQ(poll(late.device_code), DevicePoll::kExpiredToken);
  EXPECT_EQ(look(late.user_code), "EXPIRED_AUTH_REQUEST_DETECTED");
  EXPECT_EQ(poll("no such code"), DevicePoll::kInvalidGrant);
}

TEST_F(DeviceGrantTest, ADeviceRequestIsNoAuthRequest) {
  const DeviceCodes codes = create();
  const std::string id = grant_.look_at(codes.user_code)->id;
  sign_in(codes.user_code);
  for (const auto& guess : {id, codes.device_code, codes.user_code}) {
    EXPECT_EQ(sign_in_.redeem(guess).error().event, "COULD_NOT_FIND_AUTHREQUEST");
  }
  const std::string uuid = sign_in_.create_auth_request({"", ""}).value();
  EXPECT_EQ(poll(uuid), DevicePoll::kInvalidGrant);
}

TEST_F(DeviceGrantTest, OfManyWhoAskOneGetsIt) {
  const DeviceCodes codes = create();
  sign_in(codes.user_code);
  std::atomic<int> attached = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&] { attached += poll(codes.device_code) == DevicePoll::kAttached ? 1 : 0; });
    }
  }
  EXPECT_EQ(attached, 1);
}

TEST_F(DeviceGrantTest, CodesAreOfTheirAlphabetAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string code = create().user_code;
    ASSERT_EQ(code.size(), 9U);
    EXPECT_EQ(code[4], '-');
    EXPECT_EQ(code.find_first_not_of("BCDFGHJKLMNPQRSTVWXZ-"), std::string::npos) << code;
    EXPECT_TRUE(seen.insert(code).second);
  }
}

TEST(UserCode, IsReadAsItIsTyped) {
  for (const char* typed : {"BCDF-GHJK", "bcdf-ghjk", "bcdfghjk", "BCDF GHJK", " b-c-d-f g h j k "}) {
    EXPECT_EQ(normal_user_code(typed), "BCDFGHJK") << typed;
  }
  for (const char* typed :
       {"", "BCDF", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ1", "BCDF_GHJK", "BCDF-GHJK\n"}) {
    EXPECT_FALSE(normal_user_code(typed)) << typed;
  }
  EXPECT_EQ(shown_user_code(""), "-");
}

TEST(DevicePollNames, AreTheRfcs) {
  EXPECT_EQ(error_name_of(DevicePoll::kAuthorizationPending), "authorization_pending");
  EXPECT_EQ(error_name_of(DevicePoll::kSlowDown), "slow_down");
  EXPECT_EQ(error_name_of(DevicePoll::kExpiredToken), "expired_token");
  EXPECT_EQ(error_name_of(DevicePoll::kAccessDenied), "access_denied");
  EXPECT_EQ(error_name_of(DevicePoll::kInvalidGrant), "invalid_grant");
  EXPECT_EQ(error_name_of(DevicePoll::kAttached), "");
}

}  // namespace
}  // namespace lakelift::accounts
