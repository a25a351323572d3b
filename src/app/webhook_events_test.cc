#include "app/webhook_events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/test_world.h"
#include "backends/net/testing/fake_http_client.h"

namespace lakelift::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::value_of;

constexpr const char* kUrl = "https://hooks.example.com/x";
constexpr webhooks::Hears kTransfersAlone{false, true};

class WebhookEventsTest : public ::testing::Test {
 protected:
  WebhookEventsTest() {
    http_.answer(kUrl, [](const net::HttpRequest&) { return net::HttpResponse{200, {}, ""}; });
    webhooks_.on_render([](const accounts::Account&, const webhooks::Event&) { return json::object(); });
  }
  accounts::Account account(const std::string& name) {
    return value_of(accounts_.create(name + "@example.com", accounts::AccountType::kResearcher, {}));
  }
  events::Event event(int number, ledger::TransferKind kind, const accounts::Account& person) {
    events::Event out;
    out.id = fmt::format("019abcde-0000-7000-8000-{:012}", number);
    out.at = clock_.now();
    out.transfer.kind = kind;
    out.transfer.subject = {"file", "7", ada_.id, ada_.username, "trips/a.csv", std::nullopt, "00ff", 100};
    out.transfer.person_id = person.id;
    if (kind != ledger::TransferKind::kUpload) out.transfer.person = person.username;
    return out;
  }
  void publish(const std::vector<events::Event>& batch) {
    const auto published = value_of(publisher_.publish(batch, {}));
    EXPECT_EQ(published.acknowledged, batch.size());
    EXPECT_THAT(published.refused, IsEmpty());
  }
  // Bodies, sent until nothing is due.
  std::vector<std::string> told() {
    while (value_of(webhooks_.send_next())) {
    }
    std::vector<std::string> out;
    for (const auto& request : http_.requests(kUrl)) out.push_back(request.body);
    return out;
  }
  std::string body(std::string_view type, std::string_view person) const {
    return fmt::format(
        R"({{"type":"{}","at":"{}","detail":{{"owner":"ada","path":"trips/a.csv","size_bytes":100,"person":"{}"}}}})",
        type, iso8601(clock_.now()), person);
  }

  ManualClock clock_;
  SeededRandom random_;
  Metrics metrics_;
  metadata::testing::TemporaryDatabase database_{
      {ledger::migrations(), accounts::migrations(), webhooks::migrations()}};
  ledger::Ledger ledger_{clock_, random_};
  accounts::KeyRing keys_ = value_of(accounts::KeyRing::load(*database_, clock_, random_));
  accounts::AccountService accounts_{*database_, ledger_, keys_, clock_, random_};
  net::testing::FakeHttpClient http_;
  webhooks::WebhookService webhooks_{{*database_, ledger_, keys_, http_, clock_, random_, metrics_},
                                     {{"hooks.example.com"}, false}};
  WebhookEvents publisher_{*database_, webhooks_};
  accounts::Account ada_ = account("ada");
  accounts::Account bob_ = account("bob");
};

TEST_F(WebhookEventsTest, TheOwnerIsToldOnceWhateverComesTwice) {
  value_of(webhooks_.add(ada_, kUrl, kTransfersAlone));
  const std::vector<events::Event> batch{event(1, ledger::TransferKind::kUpload, ada_),
                                         event(2, ledger::TransferKind::kDownload, bob_),
                                         event(3, ledger::TransferKind::kUpload, bob_)};
  publish(batch);
  publish(batch);
  EXPECT_THAT(told(), ::testing::UnorderedElementsAre(body("file.uploaded", "ada"), body("file.downloaded", "bob"),
                                                      body("file.uploaded", "bob")));
  publish(batch);
  EXPECT_THAT(told(), SizeIs(3));
}

TEST_F(WebhookEventsTest, NobodyHearsWhatTheyDidNotAskFor) {
  value_of(webhooks_.add(ada_, kUrl));
  value_of(webhooks_.add(bob_, kUrl, {true, true}));
  publish({event(1, ledger::TransferKind::kUpload, ada_), event(2, ledger::TransferKind::kDownload, bob_)});
  EXPECT_THAT(told(), IsEmpty()) << "ada hears of requests, and bob of his own files";
}

TEST_F(WebhookEventsTest, SlicesAreNoFiles) {
  value_of(webhooks_.add(ada_, kUrl, kTransfersAlone));
  auto slice = event(1, ledger::TransferKind::kDownload, bob_);
  slice.transfer.subject.kind = "download_request";
  publish({slice});
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(WebhookEventsTest, WhatWasBeforeItIsNotTold) {
  const auto before = event(1, ledger::TransferKind::kUpload, ada_);
  clock_.advance(1);
  value_of(webhooks_.add(ada_, kUrl, kTransfersAlone));
  publish({before, event(2, ledger::TransferKind::kDownload, bob_)});
  EXPECT_THAT(told(), ElementsAre(body("file.downloaded", "bob")));
}

}  // namespace
}  // namespace lakelift::app
