// What slices writes into the ledger: everything is told of a download request.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "backends/ledger/ledger.h"

namespace lakelift::slices {

[[nodiscard]] inline ledger::Entry request_entry(std::string kind, std::int64_t request_id) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.subject_kind = "download_request";
  entry.subject_id = std::to_string(request_id);
  return entry;
}

}  // namespace lakelift::slices
