#include "backends/ledger/transfer_entry.h"

#include <fmt/format.h>

namespace lakelift::ledger {
namespace {

std::unexpected<Error> broken(const Recorded& recorded, std::string_view what) {
  return fail(Code::kCorrupt, "LEDGER_ENTRY_BROKEN",
              fmt::format("entry {} of the ledger is a {} without {}", recorded.id, recorded.entry.kind, what));
}

std::optional<TransferKind> kind_of(std::string_view kind) {
  if (kind == kUploaded) return TransferKind::kUpload;
  if (kind == kDownloaded) return TransferKind::kDownload;
  if (kind == kTransferred) return TransferKind::kAnswer;
  return std::nullopt;
}

}  // namespace

Entry to_entry(const TransferEntry& transfer, Micros at) {
  const TransferSubject& subject = transfer.subject;
  Entry entry;
  entry.kind = transfer.kind == TransferKind::kDownload ? kDownloaded : kTransferred;
  entry.at = at;
  entry.actor = transfer.person_id;
  if (subject.owner_id != transfer.person_id) entry.on_behalf = subject.owner_id;
  entry.subject_kind = subject.kind;
  entry.subject_id = subject.id;
  entry.object = subject.object;
  entry.bytes = transfer.sent_bytes;
  entry.detail = {{"owner", subject.owner},
                  {"path", subject.path},
                  {"size_bytes", subject.size_bytes},
                  {"person", transfer.person},
                  {"session", transfer.session}};
  if (subject.item_id) entry.detail["catalogue_item"] = *subject.item_id;
  if (!transfer.trace_id.empty()) entry.detail["trace_id"] = transfer.trace_id;
  return entry;
}

Result<std::optional<TransferEntry>> transfer_of(const Recorded& recorded) {
  const Entry& entry = recorded.entry;
  const auto kind = kind_of(entry.kind);
  if (!kind) return std::nullopt;
  const auto owner = find_string(entry.detail, "owner");
  const auto path = find_string(entry.detail, "path");
  if (!owner || owner->empty()) return broken(recorded, "an owner");
  if (!path || path->empty()) return broken(recorded, "a path");
  if (!entry.bytes || *entry.bytes < 0) return broken(recorded, "bytes");
  if (!entry.actor) return broken(recorded, "a person");
  TransferEntry out;
  out.kind = *kind;
  out.subject = {.kind = entry.subject_kind,
                 .id = entry.subject_id,
                 .owner_id = entry.on_behalf.value_or(*entry.actor),
                 .owner = *owner,
                 .path = *path,
                 .item_id = find_int(entry.detail, "catalogue_item"),
                 .object = entry.object.value_or(""),
                 .size_bytes = find_int(entry.detail, "size_bytes").value_or(*entry.bytes)};
  out.person_id = *entry.actor;
  out.sent_bytes = *entry.bytes;
  out.person = find_string(entry.detail, "person").value_or("");
  out.trace_id = find_string(entry.detail, "trace_id").value_or("");
  if (*kind == TransferKind::kUpload) return out;
  out.session = find_string(entry.detail, "session").value_or("");
  if (out.person.empty()) return broken(recorded, "the person's name");
  if (out.session.empty()) return broken(recorded, "a session");
  if (!find_int(entry.detail, "size_bytes") || out.subject.size_bytes < 0) return broken(recorded, "the object's size");
  return out;
}

}  // namespace lakelift::ledger
