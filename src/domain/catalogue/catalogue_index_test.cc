#include "domain/catalogue/catalogue_index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/ledger/ledger.h"
#include "backends/metadata/testing/temporary_database.h"
#include "domain/accounts/account_store.h"
#include "domain/accounts/key_ring.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/item_documents.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CatalogueIndexTest : public ::testing::Test {
 protected:
  std::int64_t insert(const std::string& name, const std::string& description = {}) {
    ItemRow row;
    row.item.name = name;
    row.item.description = description;
    table::Column column;
    column.name = "dep_delay";
    column.type = table::ColumnType::kInteger;
    column.description = "minutes";
    row.item.spec = {column};
    row.item.source = {{"paths", json::array{"/" + name}}};
    const auto id = database_->write([&](metadata::Transaction& t) { return insert_item(t, row); });
    EXPECT_TRUE(id && *id);
    return id.value_or(std::nullopt).value_or(0);
  }
  void exec(const std::string& sql, const metadata::Params& params = {}) {
    const auto done = database_->write([&](metadata::Transaction& t) { return t.exec(sql, params); });
    EXPECT_TRUE(done) << done.error().message;
  }
  void touched(std::int64_t id) {
    EXPECT_TRUE(database_->write([&](metadata::Transaction& t) { return touch(t, id); }));
  }
  std::vector<std::int64_t> found(CatalogueIndex& index, const std::string& text, const accounts::Account& caller) {
    SearchQuery query;
    query.text = text;
    const auto page = index.search(query, caller);
    EXPECT_TRUE(page) << page.error().message;
    return page ? page->item_ids : std::vector<std::int64_t>();
  }
  std::vector<std::int64_t> found(const std::string& text) { return found(index_, text, admin_); }
  accounts::Account account(const std::string& name) {
    accounts::Account fresh;
    fresh.email = name + "@example.com";
    fresh.username = name;
    const auto made = database_->write([&](metadata::Transaction& t) { return accounts::insert_account(t, fresh); });
    EXPECT_TRUE(made && *made);
    return **made;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), accounts::migrations(), migrations()}};
  ManualClock clock_;
  CatalogueIndex index_{*database_, clock_};
  accounts::Account admin_{.id = 77, .email = {}, .username = {}, .type = accounts::AccountType::kAdmin};
};

TEST_F(CatalogueIndexTest, SeesEachChangeInTheNextSearch) {
  EXPECT_THAT(found("flights"), IsEmpty());
  const std::int64_t id = insert("nyc.flights", "Departures");
  EXPECT_THAT(found("flights"), ElementsAre(id));
  EXPECT_THAT(found("minutes dep"), ElementsAre(id));
  auto row = database_->read([&](metadata::Session& s) { return find_item(s, id); });
  (*row)->item.name = "nyc.trips";
  EXPECT_TRUE(database_->write([&](metadata::Transaction& t) { return update_item(t, **row); }));
  EXPECT_THAT(found("flights"), IsEmpty());
  EXPECT_THAT(found("trips"), ElementsAre(id));
  EXPECT_TRUE(database_->write([&](metadata::Transaction& t) { return delete_item(t, id); }));
  EXPECT_THAT(found("trips"), IsEmpty());
}

// Two servers on one database: each hears of what the other writes.
TEST_F(CatalogueIndexTest, AnotherServersIndexHearsOfIt) {
  CatalogueIndex other(*database_, clock_);
  other.warm_up();
  const std::int64_t a = insert("a.one");
  EXPECT_THAT(found(other, "one", admin_), ElementsAre(a));
  const std::int64_t b = insert("b.one");
  EXPECT_THAT(found(other, "one", admin_), ElementsAre(a, b));
  EXPECT_THAT(found("one"), ElementsAre(a, b));
}

TEST_F(CatalogueIndexTest, WhatWasRolledBackIsNotFound) {
  const std::int64_t id = insert("kept.table");
  EXPECT_FALSE(database_->write([&](metadata::Transaction& t) -> Result<void> {
    TRY_VOID(delete_item(t, id));
    return fail(Code::kConflict, "no");
  }));
  EXPECT_THAT(found("kept"), ElementsAre(id));
}

TEST_F(CatalogueIndexTest, ItemsOfAnOlderVersionGetTheirDocuments) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 1'203; ++i) ids.push_back(insert(fmt::format("old.table{:04}", i)));
  exec("DELETE FROM catalogue_documents");
  EXPECT_EQ(found("old").size(), ids.size());
  const auto rest = database_->read([](metadata::Session& s) { return items_without_document(s, 0, 10); });
  EXPECT_THAT(*rest, IsEmpty());
}

TEST_F(CatalogueIndexTest, RightsComeFromTheDatabase) {
  const accounts::Account reader = account("reader");
  const accounts::Account member = account("member");
  const accounts::Account keeper = account("keeper");
  const accounts::Account stranger = account("stranger");
  const std::int64_t id = insert("secret.flights");
  exec("INSERT INTO accounts_groups(name, created_at) VALUES('analysts', 1)");
  exec("INSERT INTO accounts_members(account_id, group_id, added_at) VALUES(?, 1, 1)", {member.id});
  for (const accounts::Account& who : {reader, member, keeper, stranger, admin_}) {
    EXPECT_THAT(found(index_, "secret", who), ElementsAre(id));
  }
  exec("UPDATE catalogue_items SET visibility = 'named', tags = '[\"gold\"]', maintained_by = ? WHERE id = ?",
       {keeper.id, id});
  exec("INSERT INTO catalogue_readers(kind, reader_id, item_id, granted_at) VALUES('account', ?, ?, 1)",
       {reader.id, id});
  exec("INSERT INTO catalogue_readers(kind, reader_id, item_id, granted_at) VALUES('group', 1, ?, 1)", {id});
  touched(id);
  for (const accounts::Account& who : {reader, member, keeper, admin_}) {
    EXPECT_THAT(found(index_, "gold", who), ElementsAre(id)) << who.username;
  }
  EXPECT_THAT(found(index_, "secret", stranger), IsEmpty());
  exec("DELETE FROM accounts_members WHERE account_id = ?", {member.id});
  EXPECT_THAT(found(index_, "secret", member), IsEmpty());
}

TEST_F(CatalogueIndexTest, FacetsHaveWordsForPeopleAndATimeBudget) {
  const accounts::Account keeper = account("keeper");
  const std::int64_t id = insert("kept.flights");
  exec("UPDATE catalogue_items SET maintained_by = ? WHERE id = ?", {keeper.id, id});
  touched(id);
  SearchQuery query;
  query.facets = true;
  const auto page = index_.search(query, admin_);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->facets.at("maintainer").at(0).label, "keeper@example.com");
  EXPECT_EQ(page->facets.at("maintainer").at(0).value, std::to_string(keeper.id));
  EXPECT_THAT(page->facets_timed_out, IsEmpty());
}

TEST_F(CatalogueIndexTest, TouchingWhatIsNotThereDoesNothing) {
  touched(4711);
  EXPECT_THAT(found(""), IsEmpty());
}

TEST_F(CatalogueIndexTest, ABrokenDocumentIsAnError) {
  const std::int64_t id = insert("a.table");
  exec("UPDATE catalogue_documents SET document = '[]' WHERE item_id = ?", {id});
  EXPECT_EQ(index_.search({}, admin_).error().code, Code::kInternal);
}

TEST_F(CatalogueIndexTest, ItemsComeInTheOrderOfTheirIds) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 150; ++i) ids.insert(ids.begin(), insert(fmt::format("t{}", i)));
  auto asked = ids;
  asked.insert(asked.begin() + 3, 999'999);
  const Reader admin{admin_.id, true, {}};
  const auto rows =
      database_->read([&](metadata::Session& s) { return find_items(s, asked, ItemDetail::kSummary, admin); });
  ASSERT_EQ(rows->size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ((*rows)[i].item.id, ids[i]);
  EXPECT_THAT(*database_->read([&](metadata::Session& s) { return find_items(s, {}, ItemDetail::kFull, admin); }),
              IsEmpty());
  const auto sources =
      database_->read([](metadata::Session& s) { return list_sources(s, executors::ExecutorType::kLocal); });
  EXPECT_EQ(sources->size(), ids.size());
}

}  // namespace
}  // namespace lakelift::catalogue
