#include "domain/analytics/window_batch.h"

#include <fmt/format.h>

namespace lakelift::analytics {
namespace {

void keep_name(std::map<NameKey, NameThen>& names, NameKey key, const std::string& name, Micros at) {
  if (name.empty()) return;
  NameThen& known = names[std::move(key)];
  if (known.name.empty() || known.at <= at) known = {name, at};
}

}  // namespace

WindowFigures& WindowFigures::operator+=(const WindowFigures& other) {
  downloads += other.downloads;
  size_bytes += other.size_bytes;
  uploads += other.uploads;
  uploaded_bytes += other.uploaded_bytes;
  answers += other.answers;
  sent_bytes += other.sent_bytes;
  return *this;
}

Micros window_start(Micros at, std::int64_t window_seconds) {
  const Micros length = window_seconds * kMicrosPerSecond;
  const Micros into = at % length;
  return at - (into < 0 ? into + length : into);
}

std::string subject_key(const ledger::TransferSubject& subject) {
  return fmt::format("{}:{}", subject.kind, subject.id);
}

std::string account_key(std::int64_t account_id) { return fmt::format("account:{}", account_id); }

WindowFigures figures_of(const ledger::TransferEntry& transfer) {
  switch (transfer.kind) {
    case ledger::TransferKind::kUpload:
      return {.uploads = 1, .uploaded_bytes = transfer.subject.size_bytes};
    case ledger::TransferKind::kDownload:
      return {.downloads = 1, .size_bytes = transfer.subject.size_bytes};
    case ledger::TransferKind::kAnswer:
      return {.answers = 1, .sent_bytes = transfer.sent_bytes};
  }
  return {};
}

void WindowBatch::add(const ledger::Recorded& recorded, std::int64_t window_seconds) {
  const auto transfer = ledger::transfer_of(recorded);
  if (!transfer) ++malformed;
  if (!transfer || !*transfer) return;
  const ledger::TransferEntry& one = **transfer;
  const std::string subject = subject_key(one.subject);
  rows[{window_start(recorded.at, window_seconds), subject, one.person_id, one.subject.owner_id,
        one.subject.item_id.value_or(0)}] += figures_of(one);
  keep_name(names, {subject, one.subject.owner_id}, one.subject.owner + "/" + one.subject.path, recorded.at);
  keep_name(names, {account_key(one.subject.owner_id), 0}, one.subject.owner, recorded.at);
  keep_name(names, {account_key(one.person_id), 0}, one.person, recorded.at);
}

}  // namespace lakelift::analytics
