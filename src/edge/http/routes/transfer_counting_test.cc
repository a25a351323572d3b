// What the routes say of the bytes that they hand out: whose they are, who takes them.
#include "edge/http/routes/transfer_counting.h"

#include <gtest/gtest.h>

#include "edge/http/routes/test_world.h"

namespace lakelift::http {
namespace {

using testing::value_of;

class TransferCounting : public ::testing::Test {
 protected:
  struct Person {
    accounts::Account account;
    std::string token;
  };
  Person person(const std::string& name) {
    const auto account =
        value_of(world_.accounts.create({.email = name + "@example.com", .username = name}, std::nullopt));
    return {account, value_of(world_.accounts.issue_token(account, std::nullopt)).token};
  }
  Response ask(const Person& by, Method method, const std::string& path, const std::string& body = {}) {
    return world_.ask(world_.routes, {.method = method, .path = path, .body = body, .token = by.token});
  }
  // As the connection does it once the answer is on its way.
  static void send(const Response& response, std::uint64_t length) {
    ASSERT_TRUE(std::holds_alternative<Content>(response.body));
    const auto watch = std::get<Content>(response.body).watch;
    ASSERT_NE(watch, nullptr);
    if (length > 0) watch->sent(0, length);
    watch->end({});
  }
  std::vector<ledger::TransferEntry> downloads() {
    value_of(world_.transfers.flush());
    const auto all =
        value_of(world_.database->read([&](metadata::Session& s) { return world_.ledger.after(s, 0, 1'000); }));
    std::vector<ledger::TransferEntry> out;
    for (const auto& recorded : all) {
      auto entry = value_of(ledger::transfer_of(recorded));
      if (entry && entry->kind == ledger::TransferKind::kDownload) out.push_back(*std::move(entry));
    }
    return out;
  }
  void publish(std::int64_t file_id) {
    testing::must(world_.database->write([&](metadata::Transaction& t) -> Result<void> {
      files::Publication publication;
      publication.file_id = file_id;
      publication.item_id = 12;
      return world_.files.insert_publication(t, publication);
    }));
  }

  testing::World world_;
  Person alice_ = person("alice");
  Person bob_ = person("bob");
};

TEST_F(TransferCounting, AFileIsItsOwnersAndTakenByTheCaller) {
  ASSERT_EQ(ask(alice_, Method::kPut, "/files/alice/may/a.csv", "a,b\n").status, 201);
  ASSERT_EQ(
      ask(alice_, Method::kPost, "/files/alice/may/a.csv?action=grant", R"({"account":"bob","right":"read"})").status,
      200);
  const auto file =
      value_of(world_.files.get(alice_.account, {"alice", value_of(files::FilePath::parse("may/a.csv"))}));
  publish(file.id);
  send(ask(bob_, Method::kGet, "/files/alice/may/a.csv"), 4);
  const auto found = downloads();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].subject, (ledger::TransferSubject{.kind = "file",
                                                       .id = std::to_string(file.id),
                                                       .owner_id = alice_.account.id,
                                                       .owner = "alice",
                                                       .path = "may/a.csv",
                                                       .item_id = 12,
                                                       .object = file.object_key,
                                                       .size_bytes = 4}));
  EXPECT_EQ(found[0].person_id, bob_.account.id);
  EXPECT_EQ(found[0].person, "bob");
}

TEST_F(TransferCounting, LiftBitsCallTooForTheUserThatItNames) {
  ASSERT_EQ(ask(alice_, Method::kPut, "/files/alice/a.csv", "a,b\n").status, 201);
  send(ask(alice_, Method::kPost, "/download_file?username=alice&filename=a.csv&owner=alice"), 4);
  const auto found = downloads();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].person_id, alice_.account.id);
  EXPECT_EQ(found[0].person, "alice");
  EXPECT_EQ(found[0].subject.path, "a.csv");
}

TEST_F(TransferCounting, WhatSendsNothingBeginsNothing) {
  ASSERT_EQ(ask(alice_, Method::kPut, "/files/alice/empty", "").status, 201);
  {
    const Response unsent = ask(alice_, Method::kGet, "/files/alice/empty");
    const auto all = [](const transfers::NewTransfer&) { return true; };
    EXPECT_EQ(world_.transfers.in_progress(all).total, 0U) << "the first byte begins it";
  }
  EXPECT_TRUE(downloads().empty()) << "no end was told, as of HEAD and 304";
  send(ask(alice_, Method::kGet, "/files/alice/empty"), 0);
  EXPECT_EQ(downloads().size(), 1U);
}

TEST_F(TransferCounting, ASliceIsThePersonsForWhomItsAddressWasSigned) {
  slices::DownloadRequest request;
  request.id = 12;
  request.catalogue_item_id = 7;
  const slices::Rendition rendition{columnar::Format::kCsv, "00ff", 100, "sha", "weather.hourly-12.csv"};
  RequestContext context;
  context.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const auto transfer = transfer_of(request, rendition, bob_.account, context);
  EXPECT_EQ(transfer.subject, (ledger::TransferSubject{.kind = "download_request",
                                                       .id = "12",
                                                       .owner_id = bob_.account.id,
                                                       .owner = "bob",
                                                       .path = "slices/weather.hourly-12.csv",
                                                       .item_id = 7,
                                                       .object = "00ff",
                                                       .size_bytes = 100}));
  EXPECT_EQ(transfer.person_id, bob_.account.id);
  EXPECT_EQ(transfer.person, "bob");
  EXPECT_EQ(transfer.trace_id, context.trace_id);
}

}  // namespace
}  // namespace lakelift::http
