#include "domain/catalogue/item_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

table::Column column(std::string name, table::ColumnType type = table::ColumnType::kString) {
  table::Column out;
  out.name = std::move(name);
  out.type = type;
  return out;
}

ItemRow row() {
  ItemRow out;
  out.item.name = "shop.sales";
  out.item.spec = {column("a"), column("b")};
  out.item.rows = 10;
  out.maintained_by = 7;
  return out;
}

TEST(ItemChanges, NothingChanged) { EXPECT_TRUE(changes_between(row(), row()).empty()); }

TEST(ItemChanges, EachFieldHasFromAndTo) {
  ItemRow after = row();
  after.item.name = "shop.revenue";
  after.item.description = "# Sales";
  after.item.executor_type = executors::ExecutorType::kAthena;
  after.item.tags = {"air", "sea"};
  after.item.visibility = Visibility::kNamed;
  after.maintained_by.reset();
  after.item.rows = 11;
  EXPECT_EQ(
      to_canonical_text(changes_between(row(), after)),
      R"({"description":{"from":null,"to":"# Sales"},"executor_type":{"from":"LOCAL","to":"ATHENA"},"maintained_by":{"from":7,"to":null},"name":{"from":"shop.sales","to":"shop.revenue"},"rows":{"from":10,"to":11},"tags":{"from":[],"to":["air","sea"]},"visibility":{"from":"everyone","to":"named"}})");
}

TEST(ItemChanges, SpecsAreToldByColumn) {
  ItemRow after = row();
  after.item.spec = {column("b", table::ColumnType::kInteger), column("c")};
  const json::object spec = changes_between(row(), after).at("spec").as_object();
  EXPECT_EQ(to_text(spec.at("added")), R"(["c"])");
  EXPECT_EQ(to_text(spec.at("removed")), R"(["a"])");
  const json::object changed = spec.at("changed").as_array().at(0).as_object();
  EXPECT_EQ(changed.at("name").as_string(), "b");
  EXPECT_EQ(changed.at("from").at("type").as_string(), "STRING");
  EXPECT_EQ(changed.at("to").at("type").as_string(), "INTEGER");
}

TEST(ItemChanges, AThousandColumnsAreNotTold) {
  ItemRow after = row();
  for (int i = 0; i < 1'000; ++i) after.item.spec.push_back(column("c" + std::to_string(i)));
  EXPECT_EQ(changes_between(row(), after).at("spec").at("added").as_array().size(), limits::kHistoryColumns);
}

TEST(ItemChanges, FiguresAreNoNews) {
  ItemRow after = row();
  after.item.bytes = 5;
  after.item.spec[0].size = 3;
  after.item.sample = {{std::string("x"), std::string("y")}};
  after.item.source = executors::Source{{"table", "x"}};
  const json::object changes = changes_between(row(), after);
  EXPECT_EQ(to_canonical_text(changes), R"({"figures":true,"sample":true,"source":true})");
  EXPECT_THAT(told_to_followers(changes), IsEmpty());
  after.item.rows = 12;
  after.item.description = "x";
  EXPECT_THAT(told_to_followers(changes_between(row(), after)), ElementsAre("description", "rows"));
}

TEST(ItemChanges, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(cut_text("short"), "short");
  std::string text;
  for (std::size_t i = 0; i < limits::kHistoryTextChars; ++i) text += "é";
  EXPECT_EQ(cut_text(text), text);
  const std::string cut = cut_text(text + "é");
  EXPECT_THAT(cut, HasSubstr(text + "… (402 bytes, sha256 "));
  EXPECT_NE(cut, cut_text(text + "x"));
  EXPECT_THAT(cut, EndsWith(")"));
}

}  // namespace
}  // namespace lakelift::catalogue
