#include "domain/analytics/projection.h"

#include <set>

namespace lakelift::analytics {
namespace {

constexpr Micros kDay = 86'400 * kMicrosPerSecond;
constexpr std::size_t kMonthChars = 7;

std::optional<Figures> figures_of(const ledger::Entry& entry) {
  static const std::set<std::string> kRequests{"request.created", "request.joined", "request.repeated"};
  if (kRequests.contains(entry.kind)) return Figures{.requests = 1};
  const std::int64_t bytes = entry.scanned_bytes.value_or(0);
  const std::int64_t micros = entry.money_micros.value_or(0);
  if (entry.kind == "run.finished" || entry.kind == "run.failed") {
    const bool is_paid = find(entry.detail, "derived_from") == nullptr;
    return Figures{.runs = is_paid ? 1 : 0, .scanned_bytes = bytes, .paid_micros = micros};
  }
  if (entry.kind == "run.stopped" || entry.kind == "run.brought_chunks")
    return Figures{.scanned_bytes = bytes, .paid_micros = micros};
  if (entry.kind == "slice.saved") return Figures{.saved_bytes = bytes, .saved_micros = micros};
  return std::nullopt;
}

std::vector<std::int64_t> groups_of(const json::object& detail) {
  std::vector<std::int64_t> out;
  const json::value* groups = find(detail, "groups");
  if (groups == nullptr || !groups->is_array()) return out;
  for (const auto& group : groups->get_array()) {
    if (group.is_int64()) out.push_back(group.get_int64());
  }
  return out;
}

}  // namespace

std::int64_t day_of(Micros at) { return at / kDay; }

std::string month_of(Micros at) { return iso8601(at).substr(0, kMonthChars); }

std::optional<Addition> addition_of(const ledger::Recorded& recorded) {
  const ledger::Entry& entry = recorded.entry;
  if (entry.subject_kind != "download_request") return std::nullopt;
  const auto figures = figures_of(entry);
  if (!figures) return std::nullopt;
  return Addition{.day = day_of(recorded.at),
                  .month = month_of(recorded.at),
                  .item_id = find_int(entry.detail, "catalogue_item"),
                  .account_id = entry.actor,
                  .group_ids = groups_of(entry.detail),
                  .figures = *figures};
}

}  // namespace lakelift::analytics
