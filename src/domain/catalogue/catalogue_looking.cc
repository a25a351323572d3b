// The half of the service that looks at data through executors. A look may take minutes, so it is never taken inside a
// transaction: what was read before is compared again when the outcome is stored.
#include <fmt/format.h>

#include <map>
#include <utility>

#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/item_body.h"
#include "domain/catalogue/item_errors.h"
#include "domain/catalogue/item_store.h"
#include "domain/catalogue/published_item.h"
#include "domain/catalogue/refresh_store.h"

namespace lakelift::catalogue {
namespace {

Result<executors::TableProfile> look(executors::Executor& executor, const executors::Source& source, bool profile,
                                     std::stop_token stop) {
  if (profile) return executor.profile(source, stop);
  TRY(auto description, executor.inspect(source, stop));
  return executors::TableProfile{.description = std::move(description), .sample = {}, .null_shares = {}};
}

void take_figures(const executors::TableDescription& seen, CatalogueItem& item) {
  item.refused_columns = seen.refused;
  item.rows = seen.rows;
  item.bytes = seen.bytes;
  item.source_version = seen.version;
}

// Where each column of the spec stands among those that were seen.
Result<std::vector<std::size_t>> places_of(const table::Columns& spec, const table::Columns& seen) {
  std::map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < seen.size(); ++i) by_name.emplace(seen[i].name, i);
  std::vector<std::size_t> places;
  for (const auto& column : spec) {
    const auto found = by_name.find(column.name);
    if (found == by_name.end()) return source_changed(fmt::format("There is no column '{}' any more.", column.name));
    const auto type = seen[found->second].type;
    if (type != column.type) {
      return source_changed(fmt::format("The column '{}' is {}, the spec says {}.", column.name, table::name_of(type),
                                        table::name_of(column.type)));
    }
    places.push_back(found->second);
  }
  return places;
}

ItemProfile profile_of(const executors::TableProfile& seen, const table::Columns& spec, Micros now) {
  ItemProfile out{.columns = seen.statistics,
                  .profiled_at = now,
                  .rows = seen.rows_profiled.value_or(seen.description.rows),
                  .is_partial = false,
                  .is_stale = false,
                  .error = std::nullopt};
  keep_columns(out, spec);
  out.is_partial = *out.rows < seen.description.rows;
  for (auto& column : out.columns) {
    column.is_partial = column.is_partial || out.is_partial;
    out.is_partial = out.is_partial || column.is_partial;
  }
  return out;
}

// People's words (descriptions, which columns are offered) stay; figures are replaced.
Result<void> take_profile(const executors::TableProfile& profile, CatalogueItem& item) {
  const auto& seen = profile.description.columns;
  TRY(const auto places, places_of(item.spec, seen));
  for (const auto& row : profile.sample) {
    if (row.size() != seen.size()) return fail(Code::kCorrupt, "the engine's sample does not fit its columns");
  }
  item.null_shares.clear();
  item.sample.assign(profile.sample.size(), {});
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t place = places[i];
    auto& column = item.spec[i];
    column.size = seen[place].size;
    column.distribution = seen[place].distribution;
    column.is_nullable = column.is_nullable || seen[place].is_nullable;
    column.is_enum = column.is_enum || seen[place].is_enum;
    if (profile.null_shares.size() == seen.size()) item.null_shares.push_back(profile.null_shares[place]);
    for (std::size_t row = 0; row < profile.sample.size(); ++row)
      item.sample[row].push_back(profile.sample[row][place]);
  }
  take_figures(profile.description, item);
  return {};
}

}  // namespace

Result<ItemRow> CatalogueService::looked_at(const NewItem& item, std::stop_token stop) {
  if (auto fault = fault_of_name(item.name)) return body_fault("name", *std::move(fault));
  if (item.description) {
    if (auto fault = fault_of_description(*item.description)) return body_fault("description", *std::move(fault));
  }
  ItemRow row;
  row.item.name = item.name;
  row.item.description = item.description;
  row.item.executor_type = item.executor_type;
  row.item.visibility = item.visibility;
  row.item.source = item.source;
  const executors::Source source = effective_source(row.item);
  if (source.empty()) return body_fault("source", "This field is required.");
  TRY(const auto executor, executors_.get(item.executor_type));
  // Said before minutes are spent on looking; the insert decides.
  TRY(const bool taken, database_.read([&](metadata::Session& session) { return name_is_taken(session, item.name); }));
  if (taken) return name_taken(item.name);
  TRY(auto seen, look(*executor, source, item.profile, stop));
  row.item.spec = seen.description.columns;
  TRY_VOID(take_profile(seen, row.item));
  if (item.profile) row.item.profile = profile_of(seen, row.item.spec, clock_.now());
  return row;
}

Result<CatalogueItem> CatalogueService::add(const accounts::Account& caller, const NewItem& item,
                                            std::stop_token stop) {
  TRY_VOID(check_names_no_file(item.source));
  TRY(ItemRow row, looked_at(item, stop));
  row.maintained_by = caller.id;
  TRY_VOID(insert(caller, row));
  return with_accounts(std::move(row));
}

Result<executors::TableProfile> CatalogueService::look_again(const CatalogueItem& item, std::stop_token stop) {
  const executors::Source source = effective_source(item);
  if (source.empty()) return source_missing(item.name);
  TRY(const auto executor, executors_.get(item.executor_type));
  return executor->profile(source, stop);
}

Result<ItemRow> CatalogueService::store_profile(const accounts::Account* caller, const CatalogueItem& before,
                                                const executors::TableProfile& seen) {
  return change(caller, before.id, "catalogue_item.profiled", [&](auto& transaction, ItemRow& stored) -> Result<void> {
    CatalogueItem& item = stored.item;
    if (item.executor_type != before.executor_type || effective_source(item) != effective_source(before)) {
      return source_changed("The item's source was changed meanwhile.");
    }
    TRY_VOID(take_profile(seen, item));
    item.profile = profile_of(seen, item.spec, clock_.now());
    // Who profiles by hand makes an end of the pauses after failures.
    return caller != nullptr ? schedule_refresh(transaction, before.id, clock_.now()) : Result<void>();
  });
}

Result<CatalogueItem> CatalogueService::profile(const accounts::Account& caller, std::int64_t id,
                                                std::stop_token stop) {
  TRY(const CatalogueItem before, get(id));
  TRY(const auto seen, look_again(before, stop));
  TRY(ItemRow row, store_profile(&caller, before, seen));
  return with_accounts(std::move(row));
}

Result<CatalogueItem> CatalogueService::set_source(const accounts::Account& caller, std::int64_t id,
                                                   const executors::Source& source, std::stop_token stop) {
  if (source.empty()) return body_fault("source", "This field is required.");
  TRY_VOID(check_names_no_file(source));
  TRY(const CatalogueItem before, get(id));
  if (is_published(before)) return follows_its_file(before.name);
  TRY(const auto executor, executors_.get(before.executor_type));
  TRY(const auto seen, executor->inspect(source, stop));
  TRY(ItemRow row,
      change(&caller, id, "catalogue_item.updated", [&](auto& transaction, ItemRow& stored) -> Result<void> {
        if (stored.item.executor_type != before.executor_type) {
          return source_changed("The item's executor type was changed meanwhile.");
        }
        TRY_VOID(places_of(stored.item.spec, seen.columns));
        stored.item.source = source;
        take_figures(seen, stored.item);
        if (!stored.item.profile.profiled_at) return {};
        stored.item.profile.is_stale = true;  // of other data, until the server has looked at these
        return schedule_refresh(transaction, id, clock_.now());
      }));
  return with_accounts(std::move(row));
}

}  // namespace lakelift::catalogue
