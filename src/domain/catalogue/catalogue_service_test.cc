#include "domain/catalogue/catalogue_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "backends/executors/testing/fake_executor.h"
#include "backends/metadata/soci/sqlite_database.h"

namespace lakelift::catalogue {
namespace {

using executors::testing::FakeExecutor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeRequests final : public LiveRequests {
 public:
  Result<std::int64_t> not_cancelled(metadata::Session&, std::int64_t item_id) override {
    asked.push_back(item_id);
    return count;
  }
  std::int64_t count = 0;
  std::vector<std::int64_t> asked;
};

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(::testing::TempDir() + "/catalogue-XXXXXX") { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::unique_ptr<metadata::Database> open_migrated(const std::string& path) {
  auto database = metadata::open_sqlite(path);
  EXPECT_TRUE(database) << database.error().message;
  std::vector<metadata::Migration> all = ledger::migrations();
  for (const auto& more : {accounts::migrations(), migrations()}) all.insert(all.end(), more.begin(), more.end());
  EXPECT_TRUE(metadata::migrate(**database, all));
  return *std::move(database);
}

table::Column column(std::string name, table::ColumnType type) {
  table::Column out;
  out.name = std::move(name);
  out.type = type;
  return out;
}

class CatalogueServiceTest : public ::testing::Test {
 protected:
  CatalogueServiceTest() {
    engines_.add(engine_);
    service_.set_live_requests(&requests_);
    seen_.columns = {column("id", table::ColumnType::kInteger), column("carrier", table::ColumnType::kString)};
    seen_.refused = {{"tags", "lists are not offered"}};
    seen_.rows = 3;
    seen_.bytes = 100;
    seen_.version = "v1";
    engine_->set_table("shop.sales", seen_);
    profile_.description = seen_;
    profile_.description.columns[0].distribution = table::Distribution{{std::int64_t{1}, 3}};
    profile_.description.columns[1].distribution = std::vector<table::ValueCount>{{std::string("UA"), 2}};
    profile_.description.columns[1].is_enum = true;
    profile_.description.columns[1].size = 42;
    profile_.sample = {{std::int64_t{1}, std::string("UA")}, {std::int64_t{2}, table::Value()}};
    profile_.null_shares = {0, 0.25};
    engine_->set_profile(source(), profile_);
  }

  static executors::Source source() { return {{"table", "shop.sales"}}; }
  static accounts::Account account(accounts::AccountService& accounts, std::string_view email) {
    const auto made = accounts.create(email, accounts::AccountType::kAdmin, std::nullopt);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(accounts::Account());
  }
  static NewItem new_item(std::string name, bool profile = true) {
    NewItem item;
    item.name = std::move(name);
    item.source = source();
    item.profile = profile;
    return item;
  }
  CatalogueItem added(const std::string& name, bool profile = true) {
    const auto item = service_.add(admin_, new_item(name, profile), {});
    EXPECT_TRUE(item) << item.error().message;
    return item.value_or(CatalogueItem());
  }
  static json::value body(std::string_view name, std::int64_t maintained_by) {
    return *parse_json(fmt::format(R"({{"name":"{}","executor_type":"LOCAL","maintained_by_id":{},"spec":[{{
      "name":"carrier","type":"STRING","size":null,"is_nullable":true,"is_enum":false,"distribution":null,
      "description":"two letters"}}],"sample":[{{"carrier":"UA"}}]}})",
                                   name, maintained_by));
  }
  std::vector<std::string> kinds() {
    const auto entries = database_->read([&](metadata::Session& session) { return ledger_.after(session, 0, 1'000); });
    std::vector<std::string> out;
    for (const auto& recorded : entries.value()) {
      if (recorded.entry.subject_kind != "catalogue_item") continue;
      EXPECT_EQ(recorded.entry.actor, admin_.id);
      out.push_back(recorded.entry.kind + " " + recorded.entry.subject_id);
    }
    return out;
  }
  std::vector<std::string> names(const ItemQuery& query) {
    std::vector<std::string> out;
    const auto items = service_.list(admin_, query);
    EXPECT_TRUE(items);
    for (std::size_t i = 0; items && i < items->items.size(); ++i) out.push_back(items->items[i].name);
    return out;
  }

  TemporaryFolder folder_;
  std::unique_ptr<metadata::Database> database_ = open_migrated(folder_.file("metadata.db"));
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  accounts::KeyRing keys_ = accounts::KeyRing::load(*database_, clock_, random_).value();
  accounts::AccountService accounts_{*database_, ledger_, keys_, clock_, random_};
  accounts::Account admin_ = account(accounts_, "admin@example.org");
  std::shared_ptr<FakeExecutor> engine_ = std::make_shared<FakeExecutor>();
  executors::Executors engines_;
  FakeRequests requests_;
  CatalogueService service_{*database_, ledger_, accounts_, engines_, clock_};
  executors::TableDescription seen_;
  executors::TableProfile profile_;
};

TEST_F(CatalogueServiceTest, AddingLooksAndStores) {
  const CatalogueItem item = added("shop.sales");
  EXPECT_GT(item.id, 0);
  const auto read = service_.get(admin_, item.id);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_text(to_json(*read)), to_text(to_json(item))) << "what is answered is what is stored";
  EXPECT_EQ(read->rows, 3);
  EXPECT_EQ(read->bytes, 100);
  EXPECT_EQ(read->source_version, "v1");
  EXPECT_EQ(read->source, source());
  EXPECT_EQ(read->sample, profile_.sample);
  EXPECT_THAT(read->null_shares, ElementsAre(0, 0.25));
  EXPECT_EQ(read->refused_columns.at(0).name, "tags");
  EXPECT_TRUE(read->spec.at(1).is_enum);
  EXPECT_EQ(read->created_by->id, admin_.id);
  EXPECT_EQ(read->maintained_by->email, "admin@example.org");
  EXPECT_EQ(read->created_at, clock_.now());
  EXPECT_THAT(kinds(), ElementsAre(fmt::format("catalogue_item.created {}", item.id)));
}

TEST_F(CatalogueServiceTest, TheContractsFormHidesTheSource) {
  const json::object json = to_json(added("shop.sales"));
  EXPECT_EQ(find_string(json, "@type"), "catalogue_item");
  EXPECT_EQ(find_string(json, "executor_type"), "LOCAL");
  EXPECT_TRUE(find(json, "description")->is_null());
  EXPECT_EQ(find_string(find(json, "created_by")->get_object(), "email"), "admin@example.org");
  EXPECT_EQ(to_text(*find(json, "sample")), R"([{"id":1,"carrier":"UA"},{"id":2,"carrier":null}])");
  EXPECT_EQ(to_text(*find(json, "researchers")), "[]");
  EXPECT_EQ(find_string(json, "created_at"), iso8601(clock_.now()));
  EXPECT_EQ(find(json, "source"), nullptr);
  EXPECT_EQ(find(json, "source_version"), nullptr);
  EXPECT_EQ(to_text(json).find("shop.sales\"]"), std::string::npos);
}

TEST_F(CatalogueServiceTest, AddingWithoutAProfileReadsNoData) {
  const CatalogueItem item = added("shop.sales", false);
  EXPECT_TRUE(item.sample.empty());
  EXPECT_TRUE(item.null_shares.empty());
  EXPECT_EQ(item.rows, 3);
}

TEST_F(CatalogueServiceTest, AddingRefusesBeforeItLooks) {
  const auto error_of = [&](NewItem item) {
    const auto added_item = service_.add(admin_, item, {});
    return added_item ? "added" : added_item.error().event + " " + added_item.error().fields.at(0).field;
  };
  EXPECT_EQ(error_of(new_item("")), "BODY_DID_NOT_VALIDATE name");
  EXPECT_EQ(error_of(new_item("a\nb")), "BODY_DID_NOT_VALIDATE name");
  EXPECT_EQ(error_of(new_item(std::string(257, 'x'))), "BODY_DID_NOT_VALIDATE name");
  NewItem item = new_item("x");
  item.source.clear();
  EXPECT_EQ(error_of(item), "BODY_DID_NOT_VALIDATE source");
  item = new_item("x");
  item.description = std::string(1'000'000, 'x');
  EXPECT_EQ(error_of(item), "BODY_DID_NOT_VALIDATE description");
  item = new_item("x");
  item.executor_type = executors::ExecutorType::kAthena;
  EXPECT_EQ(service_.add(admin_, item, {}).error().event, "EXECUTOR_NOT_CONFIGURED");
  added("taken");
  const auto looks = engine_->inspections();
  EXPECT_EQ(error_of(new_item("taken")), "CATALOGUEITEM_EXISTS_ALREADY name");
  EXPECT_EQ(engine_->inspections(), looks);
}

TEST_F(CatalogueServiceTest, TheEnginesErrorsComeThrough) {
  engine_->fail_next_inspect(Error{Code::kCorrupt, "", "the file is no Parquet file", {}});
  const auto item = service_.add(admin_, new_item("shop.sales"), {});
  ASSERT_FALSE(item);
  EXPECT_EQ(item.error().code, Code::kCorrupt);
  EXPECT_TRUE(names({}).empty());
  EXPECT_TRUE(kinds().empty());
}

TEST_F(CatalogueServiceTest, ANameIsTakenByExactlyOne) {
  std::atomic<int> taken = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto item = service_.add(admin_, new_item("shop.sales", false), {});
        if (item) ++taken;
        if (!item && item.error().event == "CATALOGUEITEM_EXISTS_ALREADY") ++refused;
      });
    }
  }
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(kinds().size(), 1U);
}

TEST_F(CatalogueServiceTest, NanAndCutValuesOfAProfileCanBeReadAgain) {
  profile_.description.columns[0] = column("ratio", table::ColumnType::kFloat);
  profile_.description.columns[0].is_nullable = false;
  profile_.description.columns[1].distribution =
      std::vector<table::ValueCount>{{std::string("long"), 2}, {std::string("long"), 1}};
  profile_.sample = {{std::numeric_limits<double>::quiet_NaN(), std::string("UA")}};
  engine_->set_profile(source(), profile_);
  const CatalogueItem item = added("shop.sales");
  const auto read = service_.get(item.id);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(table::is_null(read->sample.at(0).at(0)));
}

TEST_F(CatalogueServiceTest, CreatingStoresTheContractsBody) {
  const auto item = service_.create(admin_, body("shop.contract", admin_.id));
  ASSERT_TRUE(item) << item.error().message;
  EXPECT_EQ(service_.get(item->id)->spec.at(0).description, "two letters");
  EXPECT_EQ(item->maintained_by->id, admin_.id);
  EXPECT_TRUE(item->source.empty());
  EXPECT_EQ(engine_->inspections(), 0U);
  EXPECT_EQ(service_.create(admin_, body("shop.contract", admin_.id)).error().event, "CATALOGUEITEM_EXISTS_ALREADY");
  EXPECT_EQ(service_.profile(admin_, item->id, {}).error().event, "SOURCE_MISSING");
  EXPECT_EQ(service_.profile(admin_, item->id, {}).error().code, Code::kConflict);
}

TEST_F(CatalogueServiceTest, MaintainersMustExist) {
  const auto item = service_.create(admin_, body("shop.contract", 58495));
  ASSERT_FALSE(item);
  EXPECT_EQ(item.error().code, Code::kInvalid);
  EXPECT_EQ(item.error().event, "BODY_JSON_DID_NOT_PARSE");
  EXPECT_EQ(item.error().fields.at(0).field, "maintained_by");
  EXPECT_THAT(item.error().fields.at(0).texts, ElementsAre("account instance with id 58495 does not exist."));
  const CatalogueItem stored = added("shop.sales");
  EXPECT_EQ(service_.update(admin_, stored.id, *parse_json(R"({"maintained_by_id":58495})")).error().event,
            "BODY_JSON_DID_NOT_PARSE");
}

TEST_F(CatalogueServiceTest, EnginesThatAreNotConfiguredMayBeStored) {
  json::value athena = body("shop.athena", admin_.id);
  athena.get_object()["executor_type"] = "ATHENA";
  const auto item = service_.create(admin_, athena);
  ASSERT_TRUE(item);
  EXPECT_EQ(item->source, (executors::Source{{"table", "shop.athena"}})) << "known by its name";
  EXPECT_EQ(service_.profile(admin_, item->id, {}).error().event, "EXECUTOR_NOT_CONFIGURED");
}

TEST_F(CatalogueServiceTest, UpdatingSetsWhatIsPresentAndByWhom) {
  const CatalogueItem item = added("shop.sales");
  const accounts::Account other = account(accounts_, "other@example.org");
  clock_.advance(5 * kMicrosPerSecond);
  // Sent back as it was read, but for the description (threats F4: nothing of ours is taken from it).
  json::object as_read = to_json(item);
  as_read["description"] = "# New";
  as_read["id"] = 999;
  as_read["created_at"] = "1999-01-01T00:00:00Z";
  const auto updated = service_.update(other, item.id, as_read);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(updated->id, item.id);
  EXPECT_EQ(updated->description, "# New");
  EXPECT_EQ(updated->created_by->id, admin_.id);
  EXPECT_EQ(updated->updated_by->id, other.id);
  EXPECT_EQ(updated->maintained_by->id, admin_.id);
  EXPECT_EQ(updated->created_at, item.created_at);
  EXPECT_EQ(updated->updated_at, clock_.now());
  EXPECT_EQ(updated->source, source());
  EXPECT_FALSE(service_.update(other, item.id, *parse_json(R"({"maintained_by_id":null})"))->maintained_by);
}

TEST_F(CatalogueServiceTest, UpdatingRefusesAndThenChangesNothing) {
  const CatalogueItem item = added("shop.sales");
  added("shop.other");
  const auto event = [&](std::int64_t id, std::string_view text) {
    return service_.update(admin_, id, *parse_json(text)).error().event;
  };
  EXPECT_EQ(event(item.id, R"({"name":"shop.other"})"), "CATALOGUEITEM_EXISTS_ALREADY");
  EXPECT_EQ(event(item.id, R"({"description":"new","name":""})"), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(item.id, R"({"description":"new","sample":[{"x":1}]})"), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(item.id, R"({"source":{"paths":["/etc/passwd"]}})"), "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(event(999, R"({"name":"x"})"), "COULD_NOT_FIND_CATALOGUEITEM");
  EXPECT_EQ(to_text(to_json(*service_.get(item.id))), to_text(to_json(item)));
  EXPECT_EQ(kinds().size(), 2U) << "refusals leave no trace in the ledger";
  EXPECT_TRUE(service_.update(admin_, item.id, *parse_json(R"({"name":"shop.sales"})"))) << "its own name";
}

TEST_F(CatalogueServiceTest, TryingFindsTheSameErrorsAndStoresNothing) {
  const CatalogueItem item = added("shop.sales");
  const auto creates = [&](const json::value& what) { return service_.create(admin_, what, Effect::kTried); };
  EXPECT_TRUE(creates(body("shop.tried", admin_.id)));
  EXPECT_TRUE(creates(body("shop.tried", admin_.id))) << "as if it had never been tried";
  EXPECT_EQ(creates(body("shop.sales", admin_.id)).error().event, "CATALOGUEITEM_EXISTS_ALREADY");
  EXPECT_EQ(creates(body("shop.tried", 58495)).error().event, "BODY_JSON_DID_NOT_PARSE");
  EXPECT_EQ(creates(body("", admin_.id)).error().event, "BODY_DID_NOT_VALIDATE");

  added("shop.other");
  const auto updates = [&](std::int64_t id, std::string_view text) {
    return service_.update(admin_, id, *parse_json(text), Effect::kTried);
  };
  EXPECT_EQ(updates(item.id, R"({"description":"tried"})")->description, "tried");
  EXPECT_EQ(updates(item.id, R"({"name":"shop.other"})").error().event, "CATALOGUEITEM_EXISTS_ALREADY");
  EXPECT_EQ(updates(item.id, R"({"sample":[{"x":1}]})").error().event, "BODY_DID_NOT_VALIDATE");
  EXPECT_EQ(updates(999, "{}").error().event, "COULD_NOT_FIND_CATALOGUEITEM");
  EXPECT_EQ(to_text(to_json(*service_.get(item.id))), to_text(to_json(item)));
  EXPECT_EQ(kinds().size(), 2U) << "nor is it in the ledger";
  EXPECT_TRUE(service_.create(admin_, body("shop.tried", admin_.id)));
}

TEST_F(CatalogueServiceTest, RemovingAsksWhoStillWaits) {
  const CatalogueItem item = added("shop.sales");
  requests_.count = 2;
  const auto refused = service_.remove(admin_, item.id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_EQ(refused.error().event, "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED");
  EXPECT_EQ(refused.error().fields.at(0).field, "item_id");
  EXPECT_THAT(refused.error().fields.at(0).texts, ElementsAre(std::to_string(item.id)));
  EXPECT_EQ(refused.error().fields.at(1).field, "not_cancelled_count");
  EXPECT_THAT(refused.error().fields.at(1).texts, ElementsAre("2"));
  EXPECT_TRUE(service_.get(item.id));
  requests_.count = 0;
  EXPECT_TRUE(service_.remove(admin_, item.id));
  EXPECT_THAT(requests_.asked, ElementsAre(item.id, item.id));
  EXPECT_EQ(service_.get(admin_, item.id).error().event, "COULD_NOT_FIND_CATALOGUEITEM");
  EXPECT_EQ(service_.remove(admin_, item.id).error().code, Code::kNotFound);
  EXPECT_EQ(kinds().back(), fmt::format("catalogue_item.deleted {}", item.id));
}

TEST_F(CatalogueServiceTest, RemovingWithoutAnybodyToAskIsRefused) {
  const CatalogueItem item = added("shop.sales");
  service_.set_live_requests(nullptr);
  EXPECT_EQ(service_.remove(admin_, item.id).error().code, Code::kInternal);
  EXPECT_TRUE(service_.get(item.id));
}

TEST_F(CatalogueServiceTest, ListsByNameSearchAndSamples) {
  added("b.weather");
  added("B.flights", false);
  added("a.weather");
  EXPECT_THAT(names({}), ElementsAre("B.flights", "a.weather", "b.weather"));
  EXPECT_THAT(names({.query = "weather ~a."}), ElementsAre("b.weather"));
  EXPECT_THAT(names({.name = "a.weather"}), ElementsAre("a.weather"));
  EXPECT_THAT(names({.name = "A.weather"}), ElementsAre());
  EXPECT_THAT(names({.name = "' OR 1=1 --"}), ElementsAre());
  EXPECT_THAT(names({.has_samples = true}), ElementsAre("a.weather", "b.weather"));
  EXPECT_THAT(names({.has_samples = false}), ElementsAre("B.flights"));
  EXPECT_THAT(names({.query = "b.", .has_samples = true}), ElementsAre("b.weather"));
  EXPECT_EQ(service_.list(admin_, {.query = std::string(100'000, '&')}).error().event, "QUERY_DID_NOT_VALIDATE");
}

TEST_F(CatalogueServiceTest, ProfilingReplacesFiguresAndKeepsWords) {
  const auto created = service_.create(admin_, body("shop.part", admin_.id));
  ASSERT_TRUE(created);
  ASSERT_TRUE(service_.set_source(admin_, created->id, source(), {}));
  clock_.advance(kMicrosPerSecond);
  const auto item = service_.profile(admin_, created->id, {});
  ASSERT_TRUE(item) << item.error().message;
  ASSERT_EQ(item->spec.size(), 1U) << "a column that the spec leaves out stays out";
  EXPECT_EQ(item->spec[0].description, "two letters");
  EXPECT_EQ(item->spec[0].size, 42);
  EXPECT_TRUE(item->spec[0].distribution);
  EXPECT_THAT(item->null_shares, ElementsAre(0.25));
  EXPECT_EQ(item->sample, (std::vector<table::Row>{{std::string("UA")}, {table::Value()}}));
  EXPECT_EQ(item->updated_at, clock_.now());
  EXPECT_EQ(to_text(to_json(*service_.get(item->id))), to_text(to_json(*item)));
  EXPECT_EQ(kinds().back(), fmt::format("catalogue_item.profiled {}", item->id));
}

TEST_F(CatalogueServiceTest, ProfilingATableThatNoLongerFitsIsRefused) {
  const CatalogueItem item = added("shop.sales");
  profile_.description.columns[0].type = table::ColumnType::kFloat;
  profile_.description.columns[0].distribution.reset();
  engine_->set_profile(source(), profile_);
  const auto changed = service_.profile(admin_, item.id, {});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().event, "SOURCE_CHANGED");
  EXPECT_THAT(changed.error().message, HasSubstr("'id' is FLOAT, the spec says INTEGER"));
  profile_.description.columns.erase(profile_.description.columns.begin());
  engine_->set_profile(source(), profile_);
  EXPECT_THAT(service_.profile(admin_, item.id, {}).error().message, HasSubstr("no column 'id'"));
  EXPECT_EQ(to_text(to_json(*service_.get(item.id))), to_text(to_json(item)));
  EXPECT_EQ(service_.profile(admin_, 999, {}).error().code, Code::kNotFound);
}

TEST_F(CatalogueServiceTest, SettingASourceLooksThatItFits) {
  const auto created = service_.create(admin_, body("shop.part", admin_.id));
  ASSERT_TRUE(created);
  EXPECT_EQ(service_.set_source(admin_, created->id, {}, {}).error().event, "BODY_DID_NOT_VALIDATE");
  EXPECT_FALSE(service_.set_source(admin_, created->id, {{"table", "no.such"}}, {}));
  engine_->set_table("shop.narrow", {{column("id", table::ColumnType::kInteger)}, {}, 1, 1, "v1"});
  EXPECT_EQ(service_.set_source(admin_, created->id, {{"table", "shop.narrow"}}, {}).error().event, "SOURCE_CHANGED");
  EXPECT_TRUE(service_.get(created->id)->source.empty());
  const auto item = service_.set_source(admin_, created->id, source(), {});
  ASSERT_TRUE(item) << item.error().message;
  EXPECT_EQ(service_.get(created->id)->source, source());
  EXPECT_EQ(item->rows, 3);
  EXPECT_EQ(item->sample.size(), 1U) << "the sample stays";
}

TEST_F(CatalogueServiceTest, WhatOneStartStoredTheNextReads) {
  const CatalogueItem item = added("shop.sales");
  database_.reset();
  database_ = open_migrated(folder_.file("metadata.db"));
  accounts::AccountService accounts(*database_, ledger_, keys_, clock_, random_);
  CatalogueService again(*database_, ledger_, accounts, engines_, clock_);
  EXPECT_EQ(to_text(to_json(again.get(item.id).value())), to_text(to_json(item)));
}

}  // namespace
}  // namespace lakelift::catalogue
