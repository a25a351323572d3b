#include "domain/slices/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ed25519.h"
#include "base/encoding.h"
#include "domain/slices/test_world.h"

namespace lakelift::slices {
namespace {

using ::testing::HasSubstr;
using testing::Server;
using testing::value_of;
using testing::World;

class ReceiptTest : public ::testing::Test {
 protected:
  std::int64_t done(
      const std::string& spec = R"({"columns":["b","a"],"filters":[{"name":"a","operator":">","value":1}]})") {
    const auto request = server_.ask(world_.reader, spec);
    server_->start();
    EXPECT_TRUE(server_.wait_for(request.id, RunState::kDone));
    server_->stop();
    return request.id;
  }
  json::object receipt(std::int64_t id) {
    return receipt_of(value_of(server_->receipt_facts(world_.reader, id)), "https://lakelift.example");
  }
  // As anybody checks it.
  bool holds(const json::object& signed_receipt, const json::object& keys) {
    const json::object& signature = signed_receipt.at("signature").as_object();
    for (const auto& key : keys.at("keys").as_array()) {
      if (key.at("id") != signature.at("key_id")) continue;
      return ed25519_verify(*base64_decode(find_string(key.as_object(), "public_key").value()),
                            to_canonical_text(signed_receipt.at("receipt")),
                            *base64_decode(find_string(signature, "value").value()));
    }
    return false;
  }

  World world_;
  Server server_{world_};
};

TEST_F(ReceiptTest, SaysWhatCameOfWhat) {
  const std::int64_t id = done();
  const auto state = server_.state(id);
  const json::object told = receipt(id);
  const std::string spec = table::canonical_text(state.spec);
  EXPECT_EQ(told.at("version"), 1);
  EXPECT_EQ(told.at("server"), "https://lakelift.example");
  EXPECT_EQ(told.at("request_id"), id);
  EXPECT_EQ(told.at("item"), (json::object{{"id", world_.item.id}, {"name", "shop.sales"}}));
  EXPECT_EQ(told.at("spec").as_string(), spec);
  EXPECT_EQ(told.at("spec_sha256").as_string(), sha256_hex(spec));
  EXPECT_EQ(told.at("source"), (json::object{{"version", "v1"}, {"read_at", iso8601(world_.clock.now())}}));
  EXPECT_EQ(told.at("answered_from"), (json::object{{"kind", "run"}, {"engine", "LOCAL"}, {"run_id", *state.run_id}}));
  EXPECT_EQ(told.at("rows"), 3);
  EXPECT_EQ(told.at("bytes"), 14);
  EXPECT_EQ(told.at("sha256").as_string(), sha256_hex("PAR1 data PAR1"));
  EXPECT_EQ(told.at("formats"),
            (json::array{{{"format", "parquet"}, {"bytes", 14}, {"sha256", *state.result_sha256}}}));
  EXPECT_EQ(told.at("citation").as_string(),
            "Slice " + std::to_string(id) + " of shop.sales (2 columns, 1 filter; 3 rows), data version v1, read " +
                iso8601(world_.clock.now()).substr(0, 10) + ". Lakelift, https://lakelift.example. SHA-256 " +
                *state.result_sha256 + ".");
  world_.clock.advance(kMicrosPerSecond);
  EXPECT_EQ(receipt(id), told) << "the same whenever it is asked for";
}

TEST_F(ReceiptTest, AnybodyCanCheckIt) {
  const json::object made = value_of(sign_receipt(receipt(done()), world_.keys));
  EXPECT_TRUE(holds(made, receipt_keys(world_.keys)));
  for (const char* field : {"rows", "bytes", "request_id"}) {
    json::object forged = made;
    forged["receipt"].as_object()[field] = 99;
    EXPECT_FALSE(holds(forged, receipt_keys(world_.keys))) << field;
  }
  EXPECT_EQ(to_text(made.at("receipt")), to_canonical_text(made.at("receipt"))) << "shown as it was signed";
}

TEST_F(ReceiptTest, OldOnesHoldWhenTheKeyIsAnother) {
  const json::object made = value_of(sign_receipt(receipt(done()), world_.keys));
  accounts::KeyService service(*world_.database, world_.ledger, world_.keys, world_.clock, world_.random);
  value_of(service.rotate(accounts::KeyPurpose::kReceipt, false, std::nullopt));
  const json::object keys = receipt_keys(world_.keys);
  ASSERT_EQ(keys.at("keys").as_array().size(), 2U);
  EXPECT_EQ(keys.at("keys").as_array()[0].at("signs"), true);
  EXPECT_EQ(keys.at("keys").as_array()[1].at("signs"), false);
  EXPECT_TRUE(holds(made, keys));
  EXPECT_EQ(to_text(keys).find("secret"), std::string::npos);
  const json::object newer = value_of(sign_receipt(receipt(done()), world_.keys));
  EXPECT_NE(newer.at("signature").at("key_id"), made.at("signature").at("key_id"));
  EXPECT_TRUE(holds(newer, keys));
}

TEST_F(ReceiptTest, IsOfWhatIsDone) {
  const auto queued = server_.ask(world_.reader);
  EXPECT_EQ(server_->receipt_facts(world_.reader, queued.id).error().event, "DOWNLOADREQUEST_NOT_DONE");
  EXPECT_EQ(server_->receipt_facts(world_.other, queued.id).error().event, "COULD_NOT_FIND_DOWNLOADREQUEST");
  world_.engine->fail_next_run(Error{Code::kInvalid, "NO_SUCH_TABLE", "gone", {}});
  server_->start();
  ASSERT_TRUE(server_.wait_for(queued.id, RunState::kFailed));
  server_->stop();
  EXPECT_EQ(server_->receipt_facts(world_.reader, queued.id).error().event, "DOWNLOADREQUEST_FAILED");
}

TEST_F(ReceiptTest, ResultsOfBeforeItWasWrittenDown) {
  const std::int64_t id = done();
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(tx.exec("UPDATE slices_results SET answered_from = NULL, read_at = NULL"));
    return {};
  }));
  EXPECT_EQ(receipt(id).at("answered_from"), (json::object{{"kind", "not_recorded"}}));
  EXPECT_EQ(receipt(id).at("source").at("read_at").as_string(), iso8601(world_.clock.now()));
}

// What was taken from another slice says from which, and when the source was read for that one.
TEST_F(ReceiptTest, WhatWasDerivedSaysFromWhat) {
  const std::int64_t id = done();
  const Micros read_at = world_.clock.now();
  world_.clock.advance(3'600 * kMicrosPerSecond);
  const auto answered = to_text(json::object{{"kind", "derived"}, {"request", id}, {"run_id", "run-2"}});
  ASSERT_TRUE(world_.database->write([&](metadata::Transaction& tx) -> Result<void> {
    TRY_VOID(
        tx.exec("INSERT INTO slices_results (normal_key, item_id, source_version, object_key, size_bytes, sha256,"
                " rows_written, run_id, created_at) VALUES ('k', 1, 'v1', 'derived', 1, 'x', 1, 'run-2', ?)",
                {world_.clock.now()}));
    return store::note_origin(tx, "derived", {answered, id, world_.clock.now()});
  }));
  const auto origin = value_of(world_.database->read([&](metadata::Session& session) -> Result<store::KnownOrigin> {
    TRY(auto row, session.row<std::int64_t>("SELECT id FROM slices_results WHERE object_key = 'derived'"));
    TRY(auto found, store::find_origin(session, std::get<0>(*row)));
    return *found;
  }));
  EXPECT_EQ(origin.read_at, read_at);
  EXPECT_THAT(origin.answered_from.value_or(""), HasSubstr(R"("kind":"derived")"));
}

}  // namespace
}  // namespace lakelift::slices
