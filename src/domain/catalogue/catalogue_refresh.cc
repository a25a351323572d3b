// The part of the service that looks at data without being asked.
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue {

Result<bool> CatalogueService::refresh(std::int64_t id, std::stop_token stop) {
  TRY(const CatalogueItem before, get(id));
  const executors::Source source = effective_source(before);
  const bool was_profiled = before.profile.profiled_at || !before.null_shares.empty();
  if (!was_profiled || source.empty()) return false;
  TRY(const auto executor, executors_.get(before.executor_type));
  const auto failed = [&](const Error& error, bool is_stale) -> std::unexpected<Error> {
    if (error.code == Code::kCancelled) return std::unexpected(error);
    const auto noted = note_look(id, error.message, is_stale);
    return std::unexpected(noted ? error : noted.error());
  };

  const auto version = executor->version(source);
  if (!version) return failed(version.error(), before.profile.is_stale);
  // Profiled by an older program: it has no figures yet.
  const bool is_first = !before.profile.profiled_at;
  if (*version == before.source_version && !before.profile.is_stale && !is_first) {
    TRY_VOID(note_look(id, std::nullopt, false));
    return false;
  }
  // Before the look, which takes its time and may fail: what is held is stale from now on.
  if (*version != before.source_version) TRY_VOID(tell_source_changed(id, *version));
  const auto seen = look_again(before, stop);
  if (!seen) return failed(seen.error(), !is_first);
  const auto stored = store_profile(nullptr, before, *seen);
  if (!stored) return failed(stored.error(), !is_first);
  return true;
}

Result<void> CatalogueService::tell_source_changed(std::int64_t id, const std::string& new_version) {
  if (source_listener_ == nullptr) return {};
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto row, find_item(transaction, id));
    if (!row) return {};
    return source_listener_->source_changed(transaction, row->item, row->item.source_version, new_version);
  });
}

// Says it once: the ledger is not filled with the same failure again and again.
Result<void> CatalogueService::note_look(std::int64_t id, const std::optional<std::string>& error, bool is_stale) {
  TRY(const CatalogueItem item, get(id));
  if (item.profile.error == error && item.profile.is_stale == is_stale) return {};
  const std::string_view kind = error ? "catalogue_item.profile_failed" : "catalogue_item.profile_recovered";
  TRY_VOID(change(nullptr, id, kind, [&](auto&, ItemRow& stored) -> Result<void> {
    stored.item.profile.error = error;
    stored.item.profile.is_stale = is_stale;
    return {};
  }));
  return {};
}

}  // namespace lakelift::catalogue
