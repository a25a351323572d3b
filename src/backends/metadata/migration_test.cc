#include "backends/metadata/migration.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "backends/metadata/testing/temporary_database.h"

namespace lakelift::metadata {
namespace {

using testing::TemporaryDatabase;

const Migration kOne{"pets", 1, R"(
CREATE TABLE pets_pets(id ${id}, name TEXT NOT NULL)
  ;;
INSERT INTO pets_pets(name) VALUES('a;;b')
;;
)"};
const Migration kTwo{"pets", 2, "ALTER TABLE pets_pets ADD COLUMN age BIGINT"};
const Migration kBroken{"pets", 2, "CREATE TABLE pets_more(x BIGINT)\n;;\nCREATE TABLE pets_pets(x BIGINT)"};

Result<void> run(const TemporaryDatabase& database, std::vector<Migration> all) { return migrate(*database, all); }

bool has_table(const TemporaryDatabase& database, const std::string& name) {
  return database->read([&](Session& session) { return session.rows<std::int64_t>("SELECT COUNT(*) FROM " + name); })
      .has_value();
}

// Copies are made of files alone.
bool is_file(const TemporaryDatabase& database) { return database->dialect() == Dialect::kSqlite; }

bool has_copy(const TemporaryDatabase& database, const std::string& label) {
  return std::filesystem::exists(database.path() + ".before-" + label);
}

TEST(Migrate, AppliesOnceInOrder) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  const auto rows = database->read([](Session& session) {
    return session.rows<std::int64_t, std::string, std::optional<std::int64_t>>("SELECT id, name, age FROM pets_pets");
  });
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front(),
            (std::tuple<std::int64_t, std::string, std::optional<std::int64_t>>(1, "a;;b", std::nullopt)));
}

TEST(Migrate, ANewNumberIsAppliedToWhatIsThereAndACopyIsKept) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {kOne}));
  EXPECT_FALSE(has_copy(database, "pets-1"));
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  ASSERT_EQ(has_copy(database, "pets-2"), is_file(database));
  if (!is_file(database)) return;
  auto copy = open_sqlite(database.path() + ".before-pets-2");
  ASSERT_TRUE(copy);
  const auto name =
      (*copy)->read([](Session& session) { return session.row<std::string>("SELECT name FROM pets_pets"); });
  ASSERT_TRUE(name && *name);
  EXPECT_EQ(std::get<0>(**name), "a;;b");
  EXPECT_FALSE((*copy)->read([](Session& session) { return session.rows<std::int64_t>("SELECT age FROM pets_pets"); }));
}

TEST(Migrate, TextsAreComparedByBytes) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {{"pets", 1, R"(
CREATE TABLE pets_pets(name TEXT PRIMARY KEY, kind TEXT DEFAULT 'a TEXT')
;;
INSERT INTO pets_pets(name) VALUES('b'), ('B'), ('é'), ('a b'), ('aa'), ('Z')
)"}}));
  const auto rows = database->read([](Session& session) {
    return session.rows<std::string, std::string>("SELECT name, kind FROM pets_pets WHERE name >= 'B' ORDER BY name");
  });
  ASSERT_TRUE(rows) << rows.error().message;
  std::vector<std::string> names;
  for (const auto& [name, kind] : *rows) {
    names.push_back(name);
    EXPECT_EQ(kind, "a TEXT");
  }
  EXPECT_EQ(names, (std::vector<std::string>{"B", "Z", "a b", "aa", "b", "é"}));
}

TEST(Migrate, NothingToDoKeepsNoCopy) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  EXPECT_FALSE(has_copy(database, "pets-1"));
  EXPECT_FALSE(has_copy(database, "pets-2"));
}

TEST(Migrate, ABrokenOneLeavesNothingBehindAndCanBeRepeated) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {kOne}));
  const auto broken = run(database, {kOne, kBroken});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("migration pets 2"), std::string::npos) << broken.error().message;
  EXPECT_FALSE(has_table(database, "pets_more"));
  EXPECT_TRUE(run(database, {kOne, kTwo}));
}

TEST(Migrate, ANewerSchemaIsRefused) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  const auto older = run(database, {kOne});
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, Code::kConflict);
  EXPECT_NE(older.error().message.find("newer version"), std::string::npos);
  const auto without_the_folder = run(database, {{"other", 1, "CREATE TABLE other_x(x BIGINT)"}});
  ASSERT_FALSE(without_the_folder);
  EXPECT_EQ(without_the_folder.error().code, Code::kConflict);
  EXPECT_FALSE(has_table(database, "other_x"));
}

TEST(Migrate, GapsAreRefused) {
  const TemporaryDatabase database;
  EXPECT_EQ(run(database, {kTwo}).error().code, Code::kConflict);
  EXPECT_EQ(run(database, {kTwo, kOne}).error().code, Code::kConflict);
  EXPECT_EQ(run(database, {kOne, kOne}).error().code, Code::kConflict);
  ASSERT_TRUE(run(database, {kOne, kTwo}));
  ASSERT_TRUE(
      database->write([](Transaction& t) { return t.exec("DELETE FROM metadata_migrations WHERE number = 1"); }));
  const auto holed = run(database, {kOne, kTwo});
  ASSERT_FALSE(holed);
  EXPECT_EQ(holed.error().code, Code::kConflict);
}

TEST(Migrate, AnotherMigratorAtTheSameTimeChangesNothing) {
  const TemporaryDatabase database;
  ASSERT_TRUE(run(database, {kOne}));
  {
    std::vector<std::jthread> migrators;
    for (int i = 0; i < 4; ++i) {
      migrators.emplace_back([&] { EXPECT_TRUE(run(database, {kOne, kTwo})); });
    }
  }
  EXPECT_TRUE(database->read([](Session& session) { return session.rows<std::int64_t>("SELECT age FROM pets_pets"); }));
}

}  // namespace
}  // namespace lakelift::metadata
