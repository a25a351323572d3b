// The half of the service that answers "what is there?": the index says which items and in what order, the database has
// them.
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/item_store.h"
#include "domain/catalogue/item_view.h"

namespace lakelift::catalogue {
namespace {

// Nothing else than a name is asked for: no index is needed to find it.
bool is_name_alone(const ItemQuery& query) {
  return query.name && query.query.empty() && !query.has_samples && query.text.empty() && !query.executor_type &&
         !query.maintainer && !query.column_type && !query.size && query.tags.empty() && !query.after && !query.facets;
}

Result<SearchQuery> search_query(const ItemQuery& query) {
  TRY(NameSearch names, NameSearch::parse(query.query));
  SearchQuery out{.names = std::move(names)};
  out.name = query.name;
  out.has_samples = query.has_samples;
  out.text = query.text;
  if (query.executor_type) out.executor_type = executors::name_of(*query.executor_type);
  out.maintainer = query.maintainer;
  out.column_type = query.column_type;
  out.size_class = query.size;
  out.tags = query.tags;
  out.after = query.after;
  out.limit = query.limit;
  out.facets = query.facets;
  return out;
}

}  // namespace

Result<ItemPage> CatalogueService::list(const accounts::Account& caller, const ItemQuery& query) {
  if (is_name_alone(query)) return named(caller, *query.name);
  TRY(SearchQuery wanted, search_query(query));
  TRY(SearchPage found, index_.search(std::move(wanted), caller));
  const ItemDetail detail = query.is_summary ? ItemDetail::kSummary : ItemDetail::kFull;
  // Asked again: between the search and this, somebody may have hidden an item.
  TRY(auto rows, database_.read([&](metadata::Session& session) -> Result<std::vector<ItemRow>> {
    TRY(const Reader reader, reader_of(session, caller));
    TRY(auto shown_rows, find_items(session, found.item_ids, detail, reader));
    TRY_VOID(show_to(session, reader, shown_rows));
    return shown_rows;
  }));
  TRY(auto items, with_accounts(std::move(rows)));
  return ItemPage{std::move(items), found.total, std::move(found.next), std::move(found.facets),
                  std::move(found.facets_timed_out)};
}

Result<ItemPage> CatalogueService::named(const accounts::Account& caller, const std::string& name) {
  TRY(const auto id, database_.read([&](metadata::Session& session) { return id_of_name(session, name); }));
  ItemPage page;
  if (!id) return page;
  auto item = get(caller, *id);
  if (!item && item.error().code == Code::kNotFound) return page;
  if (!item) return std::unexpected(std::move(item).error());
  page.items.push_back(*std::move(item));
  page.total = 1;
  return page;
}

Result<std::vector<executors::Source>> CatalogueService::local_sources() {
  return database_.read(
      [](metadata::Session& session) { return list_sources(session, executors::ExecutorType::kLocal); });
}

}  // namespace lakelift::catalogue
