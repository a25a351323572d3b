#include "backends/events/event.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/ledger/transfer_entry.h"

namespace lakelift::events {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;

bool is_trace_id(std::string_view text) {
  const auto is_hex = [](char ch) { return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f'); };
  return text.size() == kTraceDigits && std::ranges::all_of(text, is_hex) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

// The span is the event itself, so it is made of the event's id, whose random bits stand last.
Result<std::string> traceparent_of(const ledger::Recorded& recorded, const std::string& trace_id) {
  std::string digits;
  std::ranges::copy_if(recorded.id, std::back_inserter(digits), [](char ch) { return ch != '-'; });
  if (!is_trace_id(digits)) {
    return fail(Code::kCorrupt, "LEDGER_ENTRY_BROKEN",
                fmt::format("entry {} of the ledger has no UUID as its id", recorded.seq));
  }
  return fmt::format("00-{}-{}-01", is_trace_id(trace_id) ? trace_id : digits,
                     digits.substr(digits.size() - kSpanDigits));
}

}  // namespace

std::string timestamp_of(Micros at) {
  std::string text = iso8601(at);  // 2026-11-27T05:33:38.000012Z
  text.pop_back();
  std::ranges::replace(text, 'T', ' ');
  return text;
}

Result<std::optional<Event>> event_of(const ledger::Recorded& recorded) {
  TRY(const auto transfer, ledger::transfer_of(recorded));
  if (!transfer || transfer->kind == ledger::TransferKind::kAnswer) return std::nullopt;
  const bool is_download = transfer->kind == ledger::TransferKind::kDownload;
  const ledger::TransferSubject& subject = transfer->subject;
  json::object info{{"owner_username", subject.owner}, {"path", subject.path}, {"size_bytes", subject.size_bytes}};
  if (is_download) {
    info["downloader_username"] = transfer->person;
    info["bytes_sent"] = transfer->sent_bytes;
  }
  const json::object value{
      {"type", is_download ? "download" : "upload"}, {"info", to_text(info)}, {"timestamp", timestamp_of(recorded.at)}};
  Event event;
  event.seq = recorded.seq;
  event.id = recorded.id;
  event.at = recorded.at;
  event.key = fmt::format("{}/{}", subject.owner, subject.path);
  event.value = to_text(value);
  TRY(event.traceparent, traceparent_of(recorded, transfer->trace_id));
  return event;
}

}  // namespace lakelift::events
