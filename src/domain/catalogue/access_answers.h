// Answering a request for access inside a transaction: settled once, in the ledger, told to who asked.
#pragma once

#include <set>

#include "backends/ledger/ledger.h"
#include "domain/catalogue/access_request.h"
#include "domain/catalogue/item_journal.h"
#include "domain/notices/notice_service.h"

namespace lakelift::catalogue {

struct AnswerParts {
  const ledger::Ledger& ledger;
  notices::NoticeService& notices;
};

// `request`: with state, item_id, decided_by, decided_at and answer as they shall be. Error: kConflict
// ACCESS_REQUEST_DECIDED_ALREADY.
[[nodiscard]] Result<void> settle(metadata::Transaction& transaction, const AnswerParts& parts,
                                  const AccessRequest& request);
// Somebody named these accounts without being asked to: what they asked for is granted with it.
[[nodiscard]] Result<void> settle_named(metadata::Transaction& transaction, const AnswerParts& parts, Actor actor,
                                        std::int64_t item_id, const std::set<ReaderKey>& named, Micros at);
// "access.asked", "access.granted" …, with what only the audit may know.
[[nodiscard]] Result<void> record(metadata::Transaction& transaction, const ledger::Ledger& ledger,
                                  std::string_view kind, Actor actor, const AccessRequest& request);

}  // namespace lakelift::catalogue
