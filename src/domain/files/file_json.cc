// How what FileService tells looks as JSON (docs/files.md).
#include "domain/files/file_service.h"

namespace lakelift::files {
namespace {

json::value text_or_null(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  return json::value(*text);
}

}  // namespace

json::object to_json(const Access& access) {
  json::value granted_at = nullptr;
  if (access.granted_at) granted_at = iso8601(*access.granted_at);
  return {{"@type", "file_access"},
          {"account", text_or_null(access.account)},
          {"group", text_or_null(access.group)},
          {"right", name_of(access.right)},
          {"why", access.why},
          {"granted_on", text_or_null(access.granted_on)},
          {"granted_by", text_or_null(access.granted_by)},
          {"granted_at", std::move(granted_at)}};
}

json::object to_json(const TrashedFile& file) {
  json::value trashed_by = nullptr;
  if (!file.trashed_by.empty()) trashed_by = file.trashed_by;
  return {{"@type", "trashed_file"},
          {"id", file.id},
          {"owner", file.owner},
          {"path", file.path.text()},
          {"size_bytes", file.size_bytes},
          {"sha256", file.sha256},
          {"why", file.was_replaced ? "replaced" : "deleted"},
          {"trashed_at", iso8601(file.trashed_at)},
          {"trashed_by", std::move(trashed_by)},
          {"kept_until", iso8601(file.kept_until)}};
}

json::object to_json(const Usage& usage) {
  return {{"@type", "file_usage"},
          {"owner", usage.owner},
          {"bytes", usage.bytes},
          {"files", usage.files},
          {"trash_bytes", usage.trash_bytes},
          {"trash_files", usage.trash_files},
          {"quota_bytes", usage.quota_bytes},
          {"quota_files", usage.quota_files}};
}

}  // namespace lakelift::files
