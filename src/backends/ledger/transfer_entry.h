// What the ledger says of bytes that came and went, as values: written by whoever transfers, read by views and events.
//
// Three kinds of entries
//   file.uploaded   a file was stored, by its owner or on the owner's behalf: an upload, counted once (domain/files)
//   download        the whole of an object has gone to somebody: a download, counted once a session (domain/transfers)
//   transfer        one answer with bytes of an object, whole or not: what the wire has carried (domain/transfers)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backends/ledger/ledger.h"

namespace lakelift::ledger {

inline constexpr std::string_view kUploaded = "file.uploaded";
inline constexpr std::string_view kDownloaded = "download";
inline constexpr std::string_view kTransferred = "transfer";

enum class TransferKind { kUpload, kDownload, kAnswer };

// What moved. Names are those of that moment: what is renamed or deleted later stays what it was called.
struct TransferSubject {
  std::string kind = "file";            // or "download_request": the data of a slice
  std::string id;                       // of the file or request
  std::int64_t owner_id = 0;            // whose it is: the file's owner; of a slice the person whose request it is
  std::string owner;                    // username
  std::string path;                     // of a file in its owner's place; of a slice "slices/weather.hourly-12.csv"
  std::optional<std::int64_t> item_id;  // of the catalogue: which table a slice is of, or a file is published as
  std::string object;                   // storage key
  std::int64_t size_bytes = 0;          // of the whole object
  bool operator==(const TransferSubject&) const = default;
};

struct TransferEntry {
  TransferKind kind = TransferKind::kAnswer;
  TransferSubject subject;
  std::int64_t person_id = 0;  // who sent or took it; of a signed address: for whom it was signed
  std::string person;          // username
  std::int64_t sent_bytes =
      0;                 // of an answer: really sent; of a download: in all its answers so far; of an upload: its size
  std::string session;   // of downloads and answers
  std::string trace_id;  // of the call, 32 hex digits; empty: it had none
  bool operator==(const TransferEntry&) const = default;
};

// `at`: when the last byte went. Not of uploads, which are appended by whoever stores the file.
[[nodiscard]] Entry to_entry(const TransferEntry& transfer, Micros at);
// Nothing for entries of other kinds. Error: kCorrupt, with what is missing: one that says it is of these kinds, and is
// not whole.
[[nodiscard]] Result<std::optional<TransferEntry>> transfer_of(const Recorded& recorded);

}  // namespace lakelift::ledger
