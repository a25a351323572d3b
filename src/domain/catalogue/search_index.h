// What the catalogue can be searched by, in memory: the contract's language over names, full text with ranking, facets,
// pages. Pure: no database, no clock; whoever owns it feeds it documents.
//
//   SearchIndex index;
//   index.put({{.item_id = 7, .name = "nycflights13.flights", …}});
//   const auto page = index.search({.text = "flights 2013", .limit = 20, .facets = true}, reader);
//
// A search is bitmap algebra over all items at once (search/): its cost does not grow with what it finds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/catalogue/name_search.h"
#include "domain/catalogue/search/facet_table.h"
#include "table/value.h"

namespace lakelift::catalogue {

// What search knows of an item.
struct SearchDocument {
  std::int64_t item_id = 0;
  std::string name;
  std::string description;           // Markdown as it stands
  std::vector<std::string> columns;  // names
  std::vector<std::string> column_descriptions;
  std::set<table::ColumnType> column_types;
  std::string executor_type;  // LOCAL …
  std::optional<std::int64_t> maintainer;
  std::string maintainer_email;  // for people who read facets
  std::optional<std::int64_t> bytes;
  std::vector<std::string> tags;
  bool has_samples = false;
  bool for_everyone = true;  // else for those below, the maintainer and admins
  std::set<std::int64_t> reader_accounts;
  std::set<std::int64_t> reader_groups;
};

// Who searches: nothing that they may not see is found, counted or told by a facet.
struct SearchReader {
  std::int64_t account_id = 0;
  bool sees_all = false;  // an admin
  std::vector<std::int64_t> groups;
};

// Decimal steps of stored bytes: "unknown", "<1MB", "1MB-100MB", "100MB-10GB", "10GB-1TB", ">=1TB".
[[nodiscard]] std::string_view size_class_of(std::optional<std::int64_t> bytes);
[[nodiscard]] std::span<const std::string_view> size_classes();

// The facets by name, as SearchPage::facets and queries call them.
[[nodiscard]] std::span<const std::string_view> facet_names();

struct SearchQuery {
  NameSearch names;                                // the contract's query=
  std::optional<std::string> name = std::nullopt;  // exactly
  std::optional<bool> has_samples = std::nullopt;
  std::string text = {};  // q=: all words must be found (the last one as a prefix); ranked
  std::optional<std::string> executor_type = std::nullopt;
  std::optional<std::int64_t> maintainer = std::nullopt;
  std::optional<table::ColumnType> column_type = std::nullopt;
  std::optional<std::string> size_class = std::nullopt;
  std::vector<std::string> tags = {};               // all of them
  std::optional<std::string> after = std::nullopt;  // SearchPage::next of the page before
  std::optional<std::size_t> limit = std::nullopt;  // nothing: all of them
  bool facets = false;
  std::function<bool()> is_late = {};  // asked while facets are counted: once it says so, the rest is left out
};

struct SearchPage {
  std::vector<std::int64_t> item_ids;  // by name (bytes); with `text` by rank, then name
  std::int64_t total = 0;              // over all pages
  std::optional<std::string> next;
  // executor_type, maintainer, column_type, size, tag: the most frequent first, at most limits::kFacetValues each.
  // Counted over all that the query finds, its own filters included: each count is what adding that value would leave.
  std::map<std::string, std::vector<FacetValue>> facets;
  std::vector<std::string> facets_timed_out;
};

// Threadsafe: searches run side by side, put and remove one at a time.
class SearchIndex {
 public:
  SearchIndex();
  ~SearchIndex();
  SearchIndex(const SearchIndex&) = delete;
  SearchIndex& operator=(const SearchIndex&) = delete;

  // Each replaces the one of its id. Many at once cost less than one by one.
  void put(std::vector<SearchDocument> documents);
  void remove(std::int64_t item_id);
  // Errors: kInvalid QUERY_DID_NOT_VALIDATE (fields after, q: too long, too many words, not UTF-8).
  [[nodiscard]] Result<SearchPage> search(const SearchQuery& query, const SearchReader& reader) const;
  [[nodiscard]] std::size_t size() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace lakelift::catalogue
