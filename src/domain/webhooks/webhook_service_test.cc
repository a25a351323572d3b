#include "domain/webhooks/webhook_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "backends/metadata/testing/temporary_database.h"
#include "backends/net/testing/fake_http_client.h"
#include "base/encoding.h"
#include "base/log.h"
#include "domain/accounts/account_service.h"
#include "domain/webhooks/webhook_limits.h"

namespace lakelift::webhooks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kUrl = "https://hooks.example.com/a/secret-path";

template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    abort();
  }
  return *std::move(result);
}

class WebhookServiceTest : public ::testing::Test {
 protected:
  WebhookServiceTest() {
    answers(200);
    service_.on_render([this](const accounts::Account& owner, const Event& event) { return render(owner, event); });
  }
  void answers(int status) {
    http_.answer(kUrl, [status](const net::HttpRequest&) { return net::HttpResponse{status, {}, "thank you"}; });
  }
  Result<std::optional<json::object>> render(const accounts::Account& owner, const Event& event) {
    if (hidden_) return std::nullopt;
    return json::object{{"request", {{"id", event.subject_id}, {"for", owner.email}}}};
  }
  void happens(const accounts::Account& to, const std::string& subject = "12") {
    ASSERT_TRUE(database_->write([&](metadata::Transaction& tx) {
      return service_.enqueue(tx, to.id, {"download_request.done", subject, {{"rows", 3}}});
    }));
  }
  // Sends until nothing is due.
  int send_all() {
    int sent = 0;
    while (value_of(service_.send_next())) ++sent;
    return sent;
  }
  std::vector<net::HttpRequest> received() { return http_.requests(kUrl); }
  static std::string header(const net::HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return {};
  }
  // As a receiver checks it.
  static bool is_signed(const net::HttpRequest& request, const std::string& secret) {
    const auto key = base64_decode(std::string_view(secret).substr(6));
    const Digest mac = hmac_sha256(*key, fmt::format("{}.{}.{}", header(request, "webhook-id"),
                                                     header(request, "webhook-timestamp"), request.body));
    return header(request, "webhook-signature") == "v1," + base64_encode(mac);
  }
  std::vector<std::string> states(std::int64_t id, const accounts::Account& of) {
    std::vector<std::string> out;
    for (const auto& delivery : value_of(service_.deliveries(of, id))) out.emplace_back(name_of(delivery.state));
    return out;
  }
  void disable(const accounts::Account& account) {
    ASSERT_TRUE(database_->write([&](metadata::Transaction& tx) -> Result<void> {
      TRY_VOID(tx.exec("UPDATE accounts_accounts SET disabled_at = 1 WHERE id = ?", {account.id}));
      return {};
    }));
  }

  ManualClock clock_;
  SeededRandom random_;
  Metrics metrics_;
  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), accounts::migrations(), migrations()}};
  ledger::Ledger ledger_{clock_, random_};
  accounts::KeyRing keys_ = value_of(accounts::KeyRing::load(*database_, clock_, random_));
  accounts::AccountService accounts_{*database_, ledger_, keys_, clock_, random_};
  net::testing::FakeHttpClient http_;
  bool hidden_ = false;
  WebhookParts parts_{*database_, ledger_, keys_, http_, clock_, random_, metrics_};
  WebhookService service_{parts_, {{"hooks.example.com"}, false}};
  accounts::Account ada_ = value_of(accounts_.create("ada@example.com", accounts::AccountType::kResearcher, {}));
  accounts::Account bob_ = value_of(accounts_.create("bob@example.com", accounts::AccountType::kResearcher, {}));
};

TEST_F(WebhookServiceTest, TellsSignedAndOnce) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  happens(ada_);
  happens(bob_);
  EXPECT_EQ(send_all(), 1);
  ASSERT_EQ(received().size(), 1U);
  const net::HttpRequest request = received().front();
  EXPECT_EQ(request.method, net::HttpMethod::kPost);
  EXPECT_EQ(request.reach, net::Reach::kPublic);
  EXPECT_TRUE(is_signed(request, made.secret)) << made.secret;
  EXPECT_EQ(header(request, "webhook-timestamp"), fmt::format("{}", clock_.now() / kMicrosPerSecond));
  EXPECT_EQ(request.body, R"({"type":"download_request.done","at":")" + iso8601(clock_.now()) +
                              R"(","detail":{"rows":3},"request":{"id":"12","for":"ada@example.com"}})");
  EXPECT_THAT(states(made.webhook.id, ada_), ElementsAre("DELIVERED"));
  EXPECT_EQ(value_of(service_.list(ada_)).front().delivered_at, clock_.now());
}

TEST_F(WebhookServiceTest, HearsWhatItWasMadeFor) {
  const auto requests = value_of(service_.add(ada_, kUrl)).webhook;
  const auto transfers = value_of(service_.add(ada_, kUrl, {false, true})).webhook;
  const auto both = value_of(service_.add(ada_, kUrl, {true, true})).webhook;
  std::vector<Hears> kept;
  for (const Webhook& webhook : value_of(service_.list(ada_))) kept.push_back(webhook.hears);
  EXPECT_THAT(kept, ElementsAre(Hears{true, false}, Hears{false, true}, Hears{true, true}));
  happens(ada_);
  ASSERT_TRUE(database_->write(
      [&](metadata::Transaction& tx) { return service_.enqueue(tx, ada_.id, {"file.uploaded", "7", {}}); }));
  const auto types = [&](std::int64_t id) {
    std::vector<std::string> out;
    for (const auto& delivery : value_of(service_.deliveries(ada_, id))) out.push_back(delivery.event.type);
    return out;
  };
  EXPECT_THAT(types(requests.id), ElementsAre("download_request.done"));
  EXPECT_THAT(types(transfers.id), ElementsAre("file.uploaded"));
  EXPECT_THAT(types(both.id), ::testing::UnorderedElementsAre("download_request.done", "file.uploaded"));
  EXPECT_THAT(value_of(database_->read([&](metadata::Session& s) { return service_.who_hears_transfers(s); })),
              ElementsAre(ada_.id));
}

TEST_F(WebhookServiceTest, NamesOfWhatIsHeardAreThese) {
  EXPECT_EQ(hears_of({"requests"}), (Hears{true, false}));
  EXPECT_EQ(hears_of({"transfers", "requests"}), (Hears{true, true}));
  EXPECT_EQ(hears_of({}), std::nullopt);
  EXPECT_EQ(hears_of({"requests", "all"}), std::nullopt);
  EXPECT_THAT(names_of({true, true}), ElementsAre("requests", "transfers"));
}

TEST_F(WebhookServiceTest, TheSecretIsNowhereInTheDatabase) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  const NewWebhook other = value_of(service_.add(ada_, kUrl));
  EXPECT_NE(made.secret, other.secret);
  EXPECT_EQ(made.secret.size(), 6U + 44U);
  for (const auto& webhook : value_of(service_.list(ada_))) {
    EXPECT_EQ(to_text(to_json(webhook)).find("whsec"), std::string::npos);
    EXPECT_EQ(made.secret.find(webhook.salt), std::string::npos);
  }
}

TEST_F(WebhookServiceTest, TriesAgainUnderTheSameId) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  answers(500);
  happens(ada_);
  EXPECT_EQ(send_all(), 1);
  Delivery waiting = value_of(service_.deliveries(ada_, made.webhook.id)).front();
  EXPECT_EQ(waiting.state, DeliveryState::kWaiting);
  EXPECT_EQ(waiting.error, "the receiver answered 500");
  EXPECT_LE(waiting.next_at, clock_.now() + kFirstPauseMicros);
  EXPECT_EQ(value_of(service_.list(ada_)).front().last_error, "the receiver answered 500");
  answers(204);
  clock_.set(waiting.next_at);
  EXPECT_EQ(send_all(), 1);
  ASSERT_EQ(received().size(), 2U);
  EXPECT_EQ(header(received()[0], "webhook-id"), header(received()[1], "webhook-id"));
  EXPECT_TRUE(is_signed(received()[1], made.secret));
  EXPECT_EQ(value_of(service_.list(ada_)).front().last_error, std::nullopt);
}

TEST_F(WebhookServiceTest, GivesUpInTheEndAndSaysWhy) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  http_.answer(kUrl, [](const net::HttpRequest&) -> Result<net::HttpResponse> {
    return fail(Code::kUnavailable, "PEER_UNREACHABLE", "hooks.example.com can't be reached");
  });
  happens(ada_);
  std::vector<Micros> pauses;
  for (int i = 0; i < kDeliveryAttempts; ++i) {
    EXPECT_EQ(send_all(), 1) << i;
    const Delivery delivery = value_of(service_.deliveries(ada_, made.webhook.id)).front();
    EXPECT_EQ(delivery.attempts, i + 1);
    if (delivery.state != DeliveryState::kWaiting) break;
    pauses.push_back(delivery.next_at - clock_.now());
    EXPECT_LE(pauses.back(), std::min(kLongestPauseMicros, kFirstPauseMicros << i));
    clock_.set(delivery.next_at);
  }
  EXPECT_EQ(pauses.size(), static_cast<std::size_t>(kDeliveryAttempts - 1));
  const Delivery ended = value_of(service_.deliveries(ada_, made.webhook.id)).front();
  EXPECT_EQ(ended.state, DeliveryState::kFailed);
  EXPECT_THAT(ended.error.value_or(""), HasSubstr("can't be reached"));
  clock_.advance(kLongestPauseMicros);
  EXPECT_EQ(send_all(), 0);
}

TEST_F(WebhookServiceTest, WhoWantsNoMoreIsNotAskedAgain) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  answers(410);
  happens(ada_);
  EXPECT_EQ(send_all(), 1);
  EXPECT_THAT(states(made.webhook.id, ada_), ElementsAre("FAILED"));
}

TEST_F(WebhookServiceTest, RedirectsAreNotFollowed) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  answers(302);
  happens(ada_);
  EXPECT_EQ(send_all(), 1);
  EXPECT_THAT(value_of(service_.deliveries(ada_, made.webhook.id)).front().error.value_or(""),
              HasSubstr("redirects are not followed"));
}

// What was leased by a process that is gone is sent again, and whoever held it changes nothing any more.
TEST_F(WebhookServiceTest, ACrashWhileSendingLosesNothing) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  happens(ada_);
  http_.answer(kUrl, [this](const net::HttpRequest&) {
    if (received().size() == 1) {
      clock_.advance(kLeaseMicros + 1);  // so long that its lease is over, and another one sends it
      EXPECT_TRUE(value_of(service_.send_next()));
      return net::HttpResponse{500, {}, ""};
    }
    return net::HttpResponse{200, {}, ""};
  });
  EXPECT_EQ(send_all(), 1);
  EXPECT_EQ(received().size(), 2U);
  EXPECT_EQ(header(received()[0], "webhook-id"), header(received()[1], "webhook-id"));
  EXPECT_THAT(states(made.webhook.id, ada_), ElementsAre("DELIVERED"));
}

TEST_F(WebhookServiceTest, ASlowReceiverHoldsUpItsOwnAlone) {
  const NewWebhook slow = value_of(service_.add(ada_, kUrl));
  constexpr const char* kOther = "https://hooks.example.com/other";
  value_of(service_.add(bob_, kOther));
  http_.answer(kOther, [](const net::HttpRequest&) { return net::HttpResponse{200, {}, ""}; });
  int depth = 0;
  http_.answer(kUrl, [&](const net::HttpRequest&) {
    if (++depth == 1) {
      EXPECT_TRUE(value_of(service_.send_next()));   // bob's
      EXPECT_FALSE(value_of(service_.send_next()));  // ada's second waits for the first
    }
    return net::HttpResponse{200, {}, ""};
  });
  happens(ada_, "1");
  clock_.advance(1);
  happens(ada_, "2");
  clock_.advance(1);
  happens(bob_, "3");
  EXPECT_EQ(send_all(), 2);
  EXPECT_EQ(http_.count(kOther), 1);
  EXPECT_THAT(states(slow.webhook.id, ada_), ElementsAre("DELIVERED", "DELIVERED"));
}

TEST_F(WebhookServiceTest, WhatMayNotBeHeardAnyMoreIsNotSent) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  happens(ada_);
  hidden_ = true;
  EXPECT_EQ(send_all(), 1);
  EXPECT_THAT(states(made.webhook.id, ada_), ElementsAre("DROPPED"));
  hidden_ = false;
  happens(ada_);
  disable(ada_);
  EXPECT_EQ(send_all(), 1);
  EXPECT_EQ(received().size(), 0U);
}

TEST_F(WebhookServiceTest, IsItsOwnersAlone) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  EXPECT_THAT(value_of(service_.list(bob_)), IsEmpty());
  EXPECT_EQ(service_.remove(bob_, made.webhook.id).error().event, "COULD_NOT_FIND_WEBHOOK");
  EXPECT_EQ(service_.test(bob_, made.webhook.id).error().event, "COULD_NOT_FIND_WEBHOOK");
  EXPECT_EQ(service_.deliveries(bob_, made.webhook.id).error().event, "COULD_NOT_FIND_WEBHOOK");
  happens(ada_);
  ASSERT_TRUE(service_.remove(ada_, made.webhook.id));
  EXPECT_EQ(send_all(), 0);
  EXPECT_EQ(service_.remove(ada_, made.webhook.id).error().event, "COULD_NOT_FIND_WEBHOOK");
}

TEST_F(WebhookServiceTest, ThereAreOnlySoMany) {
  for (std::int64_t i = 0; i < kWebhooksPerAccount; ++i) value_of(service_.add(ada_, kUrl));
  EXPECT_EQ(service_.add(ada_, kUrl).error().event, "TOO_MANY_WEBHOOKS");
  EXPECT_TRUE(service_.add(bob_, kUrl));
}

TEST_F(WebhookServiceTest, ATestIsOneAttempt) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  const Delivery good = value_of(service_.test(ada_, made.webhook.id));
  EXPECT_EQ(good.state, DeliveryState::kDelivered);
  EXPECT_EQ(good.status, 200);
  EXPECT_TRUE(is_signed(received().front(), made.secret));
  answers(500);
  EXPECT_EQ(value_of(service_.test(ada_, made.webhook.id)).state, DeliveryState::kFailed);
  EXPECT_EQ(send_all(), 0);
}

TEST_F(WebhookServiceTest, ARetiredKeyIsSaid) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  ASSERT_TRUE(database_->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(tx.exec("UPDATE accounts_keys SET id = 'beef' WHERE purpose = 'webhook'"));
    return {};
  }));
  ASSERT_TRUE(keys_.reload());
  const Delivery failed = value_of(service_.test(ada_, made.webhook.id));
  EXPECT_EQ(failed.state, DeliveryState::kFailed);
  EXPECT_THAT(failed.error.value_or(""), HasSubstr("add it again"));
}

TEST_F(WebhookServiceTest, GoesWithItsAccount) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  happens(ada_);
  ASSERT_TRUE(database_->write([&](metadata::Transaction& tx) { return service_.farewell(tx, ada_, std::nullopt); }));
  EXPECT_THAT(value_of(service_.list(ada_)), IsEmpty());
  EXPECT_EQ(send_all(), 0);
  EXPECT_EQ(made.webhook.account_id, ada_.id);
}

TEST_F(WebhookServiceTest, WhatHasEndedLongAgoGoes) {
  const NewWebhook made = value_of(service_.add(ada_, kUrl));
  happens(ada_, "1");
  send_all();
  clock_.advance(kKeptMicros + 1);
  happens(ada_, "2");
  send_all();
  EXPECT_THAT(states(made.webhook.id, ada_), ElementsAre("DELIVERED"));
}

TEST_F(WebhookServiceTest, ItsThreadsSendWhatWasThereAndWhatComes) {
  std::latch sent(2);
  http_.answer(kUrl, [&](const net::HttpRequest&) {
    sent.count_down();
    return net::HttpResponse{200, {}, ""};
  });
  value_of(service_.add(ada_, kUrl));
  happens(ada_, "1");
  service_.start();
  happens(ada_, "2");
  sent.wait();
  service_.stop();
  EXPECT_EQ(received().size(), 2U);
}

TEST_F(WebhookServiceTest, WhatIsNotStoredIsNotTold) {
  value_of(service_.add(ada_, kUrl));
  EXPECT_FALSE(database_->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(service_.enqueue(tx, ada_.id, {"download_request.done", "1", {}}));
    return fail(Code::kConflict, "no");
  }));
  EXPECT_EQ(send_all(), 0);
}

}  // namespace
}  // namespace lakelift::webhooks
