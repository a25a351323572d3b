#include "domain/slices/waiting.h"

#include <fmt/format.h>

#include <map>

#include "base/encoding.h"
#include "domain/catalogue/item_body.h"
#include "domain/catalogue/search/fold.h"
#include "domain/slices/staleness.h"
#include "domain/slices/waiting_limits.h"

namespace lakelift::slices {
namespace {

std::optional<std::string> fault_of_note(std::string_view note) {
  if (!is_valid_utf8(note)) return "A note is UTF-8.";
  if (note.find('\0') != std::string_view::npos) return "Null characters are not allowed.";
  if (note.size() <= kNoteBytes) return std::nullopt;
  return fmt::format("Ensure this field has at most {} bytes.", kNoteBytes);
}

}  // namespace

Result<void> check_label(const store::LabelChange& change) {
  std::vector<FieldError> faults;
  if (change.name && *change.name) {
    if (auto fault = catalogue::fault_of_name(**change.name)) faults.push_back({"name", {*std::move(fault)}});
  }
  if (change.note && *change.note) {
    if (auto fault = fault_of_note(**change.note)) faults.push_back({"note", {*std::move(fault)}});
  }
  if (faults.empty()) return {};
  std::string message = faults.front().field + ": " + faults.front().texts.front();
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::move(message), std::move(faults));
}

Result<void> add_labels(const SliceServiceParts& parts, const accounts::Account& caller,
                        std::vector<DownloadRequest>& requests) {
  if (requests.empty()) return {};
  const auto set = [](DownloadRequest& request, const store::Label& label) {
    request.name = label.name;
    request.note = label.note;
  };
  return parts.database.read([&](metadata::Session& session) -> Result<void> {
    if (requests.size() == 1) {
      TRY(const auto label, store::label_of(session, {requests.front().id, caller.id}));
      set(requests.front(), label);
      return {};
    }
    TRY(const auto labels, store::labels_of(session, caller.id));
    for (auto& request : requests) {
      if (const auto found = labels.find(request.id); found != labels.end()) set(request, found->second);
    }
    return {};
  });
}

Result<void> keep_matching(const SliceServiceParts& parts, const RequestQuery& query,
                           std::vector<DownloadRequest>& requests) {
  if (!query.name.empty()) {
    const std::string wanted = catalogue::folded(query.name);
    std::erase_if(requests, [&](const DownloadRequest& request) {
      return !request.name || catalogue::folded(*request.name).find(wanted) == std::string::npos;
    });
  }
  if (!query.stale) return {};
  TRY(const auto aged, parts.catalogue.aged_items());
  std::map<std::int64_t, std::int64_t> ages;
  for (const auto& item : aged) ages.emplace(item.id, item.max_age_seconds);
  const Micros now = parts.clock.now();
  std::erase_if(requests, [&](const DownloadRequest& request) {
    const auto age = ages.find(request.catalogue_item_id);
    const auto max_age = age == ages.end() ? std::nullopt : std::optional(age->second);
    return stale_since(request, max_age, now).has_value() != *query.stale;
  });
  return {};
}

}  // namespace lakelift::slices
