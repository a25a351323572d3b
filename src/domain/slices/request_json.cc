#include <fmt/format.h>

#include "base/limits.h"
#include "domain/slices/slice_service.h"
#include "domain/slices/staleness.h"

namespace lakelift::slices {
namespace {

template <typename T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

json::value failure_json(const DownloadRequest& request) {
  if (!request.failure) return nullptr;
  const Error& error = *request.failure;
  return json::object{{"event", error.event.empty() ? code_name(error.code) : std::string_view(error.event)},
                      {"message", error.message}};
}

std::string address(std::string_view base_url, const Link& link, const accounts::KeyRing& keys) {
  return fmt::format("{}{}", base_url, sign_link(link, keys));
}

}  // namespace

json::object to_json(const DownloadRequest& request, const catalogue::CatalogueItem& item,
                     const accounts::Account& caller, const accounts::KeyRing& keys, const Clock& clock,
                     std::string_view base_url) {
  json::value uri = nullptr;
  if (!request.is_cancelled) uri = address(base_url, {request.id, caller.id, LinkPurpose::kWait, 0}, keys);
  json::value download_uri = nullptr;
  if (request.state == RunState::kDone) {
    const std::int64_t expires = clock.now() / kMicrosPerSecond + limits::kDownloadUriSeconds;
    download_uri = address(base_url, {request.id, caller.id, LinkPurpose::kGet, expires}, keys);
  }
  const auto stale = stale_since(request, item.max_age_seconds, clock.now());
  json::value created_by = nullptr;
  if (request.created_by) created_by = accounts::to_json(*request.created_by);
  return {
      {"@type", "download_request"},
      {"id", request.id},
      {"spec", table::to_json(request.spec)},
      {"catalogue_item", catalogue::to_json(item)},
      {"created_by", std::move(created_by)},
      {"download_uri", std::move(download_uri)},
      {"blob_name", or_null(request.result_key)},
      {"estimated_size", or_null(request.estimated_size)},
      {"real_size", or_null(request.real_size)},
      {"executor_job_id", or_null(request.run_id)},
      {"is_cancelled", request.is_cancelled},
      {"uri", std::move(uri)},
      {"state", name_of(request.state)},
      {"rows", or_null(request.rows)},
      {"sha256", or_null(request.result_sha256)},
      {"progress", json::object{{"rows_read", request.rows_read}, {"rows_total", request.rows_total}}},
      {"waits_for", or_null(request.waits_for)},
      {"failure", failure_json(request)},
      {"created_at", iso8601(request.created_at)},
      {"name", or_null(request.name)},
      {"note", or_null(request.note)},
      {"is_stale", stale.has_value()},
      {"stale_since", stale ? json::value(iso8601(*stale)) : json::value(nullptr)},
  };
}

}  // namespace lakelift::slices
