#include "domain/catalogue/catalogue_index.h"

#include <utility>

#include "base/limits.h"
#include "base/log.h"
#include "domain/accounts/group_store.h"
#include "domain/catalogue/item_documents.h"

namespace lakelift::catalogue {

void CatalogueIndex::warm_up() {
  warming_ = std::jthread([this](const std::stop_token& stop) {
    if (const auto read = refresh(stop); !read)
      log_warning("the catalogue could not be read for search", {{"error", describe(read.error())}});
  });
}

Result<SearchPage> CatalogueIndex::search(SearchQuery query, const accounts::Account& caller) {
  TRY_VOID(refresh());
  TRY(const SearchReader reader, reader_for(caller));
  const Micros end = clock_.monotonic() + limits::kFacetBudgetMs * 1'000;
  query.is_late = [this, end] { return clock_.monotonic() > end; };
  return index_.search(query, reader);
}

Result<SearchReader> CatalogueIndex::reader_for(const accounts::Account& caller) {
  SearchReader reader{caller.id, caller.type == accounts::AccountType::kAdmin, {}};
  if (reader.sees_all) return reader;
  TRY(reader.groups,
      database_.read([&](metadata::Session& session) { return accounts::group_ids_of(session, caller.id); }));
  return reader;
}

Result<void> CatalogueIndex::refresh(const std::stop_token& stop) {
  if (is_loaded_) {
    // Nearly always there is nothing; then searches do not wait for one another.
    const std::int64_t seen = seen_;
    // The greatest is one look at the end of the index; `revision > ?` makes PostgreSQL read the whole table.
    TRY(const bool is_changed, database_.read([&](metadata::Session& session) -> Result<bool> {
      TRY(const auto row, session.row<std::optional<std::int64_t>>("SELECT MAX(revision) FROM catalogue_documents"));
      return row && std::get<0>(*row).value_or(0) > seen;
    }));
    if (!is_changed) return {};
  }
  const std::lock_guard lock(refreshing_);
  if (!is_complete_) {
    TRY_VOID(write_missing());
    is_complete_ = true;
  }
  for (bool is_more = true; is_more && !stop.stop_requested();) {
    TRY(is_more, read_changes());
    is_loaded_ = !is_more;
  }
  return {};
}

Result<bool> CatalogueIndex::read_changes() {
  const std::int64_t seen = seen_;
  TRY(auto changes, database_.read([&](metadata::Session& session) {
    return changes_after(session, seen, limits::kSearchReadItems);
  }));
  if (changes.empty()) return false;
  std::vector<SearchDocument> documents;
  for (auto& change : changes) {
    if (change.document) documents.push_back(*std::move(change.document));
    if (!change.document) index_.remove(change.item_id);
  }
  index_.put(std::move(documents));
  seen_ = changes.back().revision;
  return changes.size() == limits::kSearchReadItems;
}

Result<void> CatalogueIndex::write_missing() {
  std::vector<std::int64_t> ids{-1};
  while (true) {
    TRY(ids, database_.read([&](metadata::Session& session) {
      return items_without_document(session, ids.back(), limits::kSearchReadItems);
    }));
    if (ids.empty()) return {};
    const auto touched = database_.write([&](metadata::Transaction& transaction) -> Result<void> {
      for (const std::int64_t id : ids) TRY_VOID(touch(transaction, id));
      return {};
    });
    if (!touched) return touched;
  }
}

}  // namespace lakelift::catalogue
