// An event as LiftBit's consumers know it, made of an entry of the ledger. Pure.
//
//   {"type": "upload" | "download", "info": <JSON as text>, "timestamp": "YYYY-MM-DD HH:MM:SS.ffffff"}   (UTC)
//   info: owner_username, path, size_bytes; of a download also downloader_username, bytes_sent
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backends/ledger/ledger.h"
#include "backends/ledger/transfer_entry.h"
#include "base/result.h"

namespace lakelift::events {

struct Event {
  std::int64_t seq = 0;            // of the ledger
  std::string id;                  // of the ledger's entry: the header `event_id`, the same however often it is sent
  Micros at = 0;                   // when the last byte came or went
  std::string key;                 // of the file: "owner/path"; events of one key keep their order
  std::string value;               // JSON as above
  std::string traceparent;         // W3C: of the call that moved the bytes, else made of the id
  ledger::TransferEntry transfer;  // of which it was made: for publishers who say it in other words
  bool operator==(const Event&) const = default;
};

// Nothing for entries that are no event. Error: kCorrupt, saying what is missing.
[[nodiscard]] Result<std::optional<Event>> event_of(const ledger::Recorded& recorded);

// "2026-11-27 05:33:38.000012"
[[nodiscard]] std::string timestamp_of(Micros at);

}  // namespace lakelift::events
