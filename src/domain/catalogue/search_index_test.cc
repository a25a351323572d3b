#include "domain/catalogue/search_index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

#include "base/limits.h"
#include "base/testing/case_file.h"

namespace lakelift::catalogue {
namespace {

const SearchReader kAdmin{.account_id = 0, .sees_all = true, .groups = {}};

// What a plain list of documents would answer.
class Plain {
 public:
  void put(const SearchDocument& document) {
    remove(document.item_id);
    documents_.push_back(document);
  }
  void remove(std::int64_t id) {
    std::erase_if(documents_, [&](const auto& d) { return d.item_id == id; });
  }
  static bool sees(const SearchReader& reader, const SearchDocument& d) {
    const auto in_group = [&](std::int64_t group) { return d.reader_groups.contains(group); };
    return reader.sees_all || d.for_everyone || d.maintainer == reader.account_id ||
           d.reader_accounts.contains(reader.account_id) || std::ranges::any_of(reader.groups, in_group);
  }
  [[nodiscard]] std::vector<std::int64_t> search(const SearchQuery& query, const SearchReader& reader) const {
    std::vector<SearchDocument> found;
    for (const auto& d : documents_) {
      const bool has_tags = std::ranges::all_of(
          query.tags, [&](const auto& tag) { return std::ranges::find(d.tags, tag) != d.tags.end(); });
      if (sees(reader, d) && query.names.matches(d.name) && has_tags &&
          (!query.has_samples || *query.has_samples == d.has_samples) && (!query.name || *query.name == d.name) &&
          (!query.executor_type || *query.executor_type == d.executor_type) &&
          (!query.maintainer || query.maintainer == d.maintainer) &&
          (!query.column_type || d.column_types.contains(*query.column_type)) &&
          (!query.size_class || *query.size_class == size_class_of(d.bytes))) {
        found.push_back(d);
      }
    }
    std::ranges::sort(found, {}, &SearchDocument::name);
    std::vector<std::int64_t> ids;
    for (const auto& d : found) ids.push_back(d.item_id);
    return ids;
  }
  [[nodiscard]] const std::vector<SearchDocument>& documents() const { return documents_; }

 private:
  std::vector<SearchDocument> documents_;
};

template <typename T>
const T& one_of(std::mt19937& random, const std::vector<T>& values) {
  return values[random() % values.size()];
}

std::string any_name(std::mt19937& random) {
  static const std::vector<std::string> kPieces{"flight", "Weather", "a&b",  ".",  "_",  " ",
                                                "É",      "ß",       "日本", "13", "~x", "İ"};
  std::string name;
  for (auto i = 1 + random() % 5; i > 0; --i) name += one_of(random, kPieces);
  return name;
}

SearchDocument any_document(std::mt19937& random, std::int64_t id) {
  SearchDocument d;
  d.item_id = id;
  d.name = fmt::format("{}.{}", any_name(random), id);
  d.description = one_of<std::string>(random, {"", "Hourly weather", "flights of a year", "ÉTÉ"});
  d.columns = {one_of<std::string>(random, {"carrier", "dep_delay", "TempC", "origin"})};
  d.column_types = {one_of<table::ColumnType>(random, {table::ColumnType::kInteger, table::ColumnType::kString})};
  d.executor_type = one_of<std::string>(random, {"LOCAL", "ATHENA"});
  if (random() % 2 == 0) d.maintainer = 1 + static_cast<std::int64_t>(random() % 3);
  d.maintainer_email = "x@example.com";
  d.bytes = one_of<std::optional<std::int64_t>>(random, {std::nullopt, 10, 2'000'000, 5'000'000'000'000});
  for (const std::string tag : {"gold", "raw"}) {
    if (random() % 3 == 0) d.tags.push_back(tag);
  }
  d.has_samples = random() % 2 == 0;
  d.for_everyone = random() % 2 == 0;
  if (random() % 3 == 0) d.reader_accounts = {1 + static_cast<std::int64_t>(random() % 3)};
  if (random() % 3 == 0) d.reader_groups = {1 + static_cast<std::int64_t>(random() % 3)};
  return d;
}

SearchQuery any_query(std::mt19937& random) {
  std::string text;
  for (auto i = random() % 4; i > 0; --i) {
    text += one_of<std::string>(random, {"", "|", "&", "~", "& "}) + any_name(random).substr(0, 1 + random() % 9) + " ";
  }
  auto names = NameSearch::parse(text);
  SearchQuery query{.names = names ? *std::move(names) : NameSearch()};
  if (random() % 4 == 0) query.has_samples = random() % 2 == 0;
  if (random() % 6 == 0) query.executor_type = one_of<std::string>(random, {"LOCAL", "SPARK"});
  if (random() % 6 == 0) query.maintainer = 1;
  if (random() % 6 == 0) query.column_type = table::ColumnType::kInteger;
  if (random() % 6 == 0) query.size_class = "<1MB";
  if (random() % 6 == 0) query.tags = {"gold"};
  return query;
}

// The pages of a query, put together.
std::vector<std::int64_t> paged(const SearchIndex& index, SearchQuery query, const SearchReader& reader,
                                std::size_t limit) {
  std::vector<std::int64_t> ids;
  query.limit = limit;
  while (true) {
    const auto page = index.search(query, reader);
    if (!page) {
      ADD_FAILURE() << page.error().message;
      return ids;
    }
    EXPECT_LE(page->item_ids.size(), limit);
    ids.insert(ids.end(), page->item_ids.begin(), page->item_ids.end());
    if (!page->next) return ids;
    query.after = page->next;
  }
}

// Names, filters, rights, pages and facets, through puts, replacements and removals.
TEST(SearchIndex, AgreesWithAPlainList) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    SearchIndex index;
    Plain plain;
    for (auto step = random() % 6; step > 0; --step) {
      std::vector<SearchDocument> batch;
      for (auto i = 1 + random() % 30; i > 0; --i) {
        batch.push_back(any_document(random, 1 + static_cast<std::int64_t>(random() % 60)));
        plain.put(batch.back());
      }
      index.put(std::move(batch));
      const auto gone = 1 + static_cast<std::int64_t>(random() % 60);
      index.remove(gone);
      plain.remove(gone);
    }
    RC_ASSERT(index.size() == plain.documents().size());
    for (int i = 0; i < 5; ++i) {
      SearchReader reader{
          .account_id = 1 + static_cast<std::int64_t>(random() % 4), .sees_all = random() % 4 == 0, .groups = {}};
      if (random() % 2 == 0) reader.groups = {1, 9};
      SearchQuery query = any_query(random);
      query.facets = true;
      if (random() % 8 == 0 && !plain.documents().empty()) query.name = one_of(random, plain.documents()).name;
      const auto expected = plain.search(query, reader);
      const auto page = index.search(query, reader);
      RC_ASSERT(page.has_value());
      RC_ASSERT(page->item_ids == expected);
      RC_ASSERT(page->total == static_cast<std::int64_t>(expected.size()));
      RC_ASSERT(!page->next);
      RC_ASSERT(paged(index, query, reader, 1 + random() % 5) == expected);
      std::map<std::string, std::int64_t> tags;
      for (const auto& d : plain.documents()) {
        if (std::ranges::find(expected, d.item_id) == expected.end()) continue;
        for (const auto& tag : d.tags) ++tags[tag];
      }
      RC_ASSERT(page->facets.at("tag").size() == tags.size());
      for (const auto& value : page->facets.at("tag")) RC_ASSERT(tags.at(value.value) == value.count);
    }
  }));
}

std::string found(const SearchIndex& index, const std::string& text) {
  SearchQuery query;
  query.text = text;
  const auto page = index.search(query, kAdmin);
  if (!page) return page.error().event + " " + page.error().fields.at(0).field;
  return page->item_ids.empty() ? "none" : fmt::format("{}", fmt::join(page->item_ids, " "));
}

SearchDocument document(std::int64_t id, std::string name, std::string description = {},
                        std::vector<std::string> columns = {}, std::vector<std::string> tags = {}) {
  SearchDocument d;
  d.item_id = id;
  d.name = std::move(name);
  d.description = std::move(description);
  d.columns = std::move(columns);
  d.tags = std::move(tags);
  return d;
}

TEST(SearchIndex, FullTextCases) {
  SearchIndex index;
  index.put({document(1, "nycflights13.flights", "Departures of a year", {"carrier", "dep_delay"}, {"travel"}),
             document(2, "nycflights13.weather", "Hourly weather at three airports", {"temp", "dewPoint"}),
             document(3, "weather", "", {"station", "temperature"}),
             document(4, "shop.ÉtéSales", "Sales by the hour, weather too", {"product"}, {"retail", "gold standard"}),
             document(5, "FlightDelays", "", {"Carrier_Code"})});
  for (const auto& one : testing::read_cases(LAKELIFT_CASES_DIR "/search/full_text.txt")) {
    EXPECT_EQ(found(index, one.input), one.expected) << "line " << one.line << ": " << one.input;
  }
}

TEST(SearchIndex, RankedPagesAreTheWholeInParts) {
  EXPECT_TRUE(rc::check([] {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    SearchIndex index;
    std::vector<SearchDocument> batch;
    for (std::int64_t id = 1; id < 60; ++id) batch.push_back(any_document(random, id));
    index.put(std::move(batch));
    SearchQuery query;
    query.text = one_of<std::string>(random, {"weather", "w", "flight x", "hourly wea", "1", "été", "of year"});
    const SearchReader reader{.account_id = 1, .sees_all = false, .groups = {}};
    const auto whole = index.search(query, reader);
    RC_ASSERT(whole.has_value());
    RC_ASSERT(whole->total == static_cast<std::int64_t>(whole->item_ids.size()));
    RC_ASSERT(paged(index, query, reader, 1 + random() % 20) == whole->item_ids);
  }));
}

TEST(SearchIndex, NothingHiddenIsToldByAFacet) {
  SearchIndex index;
  SearchDocument secret = document(1, "secret.plans", "hidden", {"x"}, {"confidential"});
  secret.for_everyone = false;
  secret.executor_type = "ATHENA";
  secret.maintainer = 9;
  secret.reader_groups = {4};
  index.put({secret, document(2, "open.plans", "", {}, {"public"})});
  SearchQuery query;
  query.facets = true;
  const auto stranger = index.search(query, {.account_id = 1, .sees_all = false, .groups = {5}});
  EXPECT_EQ(stranger->total, 1);
  ASSERT_EQ(stranger->facets.at("tag").size(), 1U);
  EXPECT_EQ(stranger->facets.at("tag")[0].value, "public");
  EXPECT_TRUE(stranger->facets.at("maintainer").empty());
  for (const auto& reader : {SearchReader{9, false, {}}, SearchReader{1, false, {4}}, kAdmin}) {
    EXPECT_EQ(index.search(query, reader)->total, 2);
  }
  query.text = "confidential";
  EXPECT_EQ(index.search(query, {.account_id = 1, .sees_all = false, .groups = {}})->total, 0);
  query.text.clear();
  query.name = "secret.plans";
  EXPECT_EQ(index.search(query, {.account_id = 1, .sees_all = false, .groups = {}})->total, 0);
}

TEST(SearchIndex, FacetsThatAreLateAreNamed) {
  SearchIndex index;
  index.put({document(1, "a")});
  SearchQuery query;
  query.facets = true;
  int looks = 0;
  query.is_late = [&] { return ++looks > 2; };
  const auto page = index.search(query, kAdmin);
  EXPECT_EQ(page->facets_timed_out, (std::vector<std::string>{"column_type", "size", "tag"}));
  EXPECT_EQ(page->facets.size(), 2U);
  EXPECT_EQ(page->total, 1);
}

TEST(SearchIndex, RefusesWhatItCannotSearchFor) {
  const SearchIndex index;
  EXPECT_EQ(found(index, std::string(limits::kSearchQueryBytes + 1, 'x')), "QUERY_DID_NOT_VALIDATE q");
  EXPECT_EQ(found(index, "\xff"), "QUERY_DID_NOT_VALIDATE q");
  std::string many;
  for (std::size_t i = 0; i <= limits::kSearchWords; ++i) many += "a ";
  EXPECT_EQ(found(index, many), "QUERY_DID_NOT_VALIDATE q");
  SearchQuery query;
  query.text = "x";
  for (const std::string after : {"x", "!", "", "OTk5OTk5OmE", "MTI"}) {
    query.after = after;
    EXPECT_EQ(index.search(query, kAdmin).error().fields.at(0).field, "after") << after;
  }
}

TEST(SearchIndex, SizeClassesAreDecimal) {
  EXPECT_EQ(size_class_of(std::nullopt), "unknown");
  EXPECT_EQ(size_class_of(0), "<1MB");
  EXPECT_EQ(size_class_of(1'000'000), "1MB-100MB");
  EXPECT_EQ(size_class_of(100'000'000), "100MB-10GB");
  EXPECT_EQ(size_class_of(9'999'999'999), "100MB-10GB");
  EXPECT_EQ(size_class_of(10'000'000'000), "10GB-1TB");
  EXPECT_EQ(size_class_of(1'000'000'000'000), ">=1TB");
  EXPECT_EQ(size_classes().size(), 6U);
}

}  // namespace
}  // namespace lakelift::catalogue
