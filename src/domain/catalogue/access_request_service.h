// Asking to see an item, and the answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "domain/accounts/account_service.h"
#include "domain/catalogue/access_request.h"
#include "domain/catalogue/item_journal.h"
#include "domain/notices/notice_service.h"

namespace lakelift::catalogue {

struct AccessPage {
  std::vector<AccessRequest> requests;
  std::optional<std::int64_t> next;  // the value of `before` for the next page
};

struct AccessListing {
  AccessRole role = AccessRole::kAsker;  // decider: of items that the caller maintains; an admin's: all
  std::optional<AccessState> state = std::nullopt;
  std::optional<std::int64_t> before = std::nullopt;
  int limit = 100;
};

// Threadsafe.
class AccessRequestService {
 public:
  AccessRequestService(metadata::Database& database, const ledger::Ledger& ledger, accounts::AccountService& accounts,
                       notices::NoticeService& notices, const Clock& clock);

  // Asks for the item of this name. The answer is the same whether there is such an item or not; asking again gives
  // the request that is open. The maintainer (without one: all admins) gets a notice. Errors: kInvalid
  // BODY_DID_NOT_VALIDATE (item, note); kConflict CATALOGUEITEM_READABLE_ALREADY; kConflict TOO_MANY_ACCESS_REQUESTS
  // above limits::kOpenAccessRequests.
  [[nodiscard]] Result<AccessRequest> ask(const accounts::Account& caller, const std::string& item_name,
                                          const std::string& note);
  // Newest first.
  [[nodiscard]] Result<AccessPage> list(const accounts::Account& caller, const AccessListing& listing);
  // By the item's maintainer or an admin; granting names the asker in the same transaction. Errors: kInvalid
  // BODY_DID_NOT_VALIDATE (answer); kNotFound COULD_NOT_FIND_ACCESSREQUEST, also for one that the caller may not
  // decide; kForbidden ACCESS_DENIED for one's own; kConflict ACCESS_REQUEST_DECIDED_ALREADY; kConflict
  // CATALOGUEITEM_MISSING where there is nothing to grant.
  [[nodiscard]] Result<AccessRequest> decide(const accounts::Account& caller, std::int64_t id, bool granted,
                                             const std::optional<std::string>& answer);
  // One's own, while it is open. Errors: COULD_NOT_FIND_ACCESSREQUEST; ACCESS_REQUEST_DECIDED_ALREADY.
  [[nodiscard]] Result<void> withdraw(const accounts::Account& caller, std::int64_t id);

 private:
  [[nodiscard]] Result<void> tell_deciders(metadata::Transaction& transaction, const accounts::Account& caller,
                                           const AccessRequest& request, const ItemRow& row);
  [[nodiscard]] Result<void> name_people(std::vector<AccessRequest>& requests);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  accounts::AccountService& accounts_;
  notices::NoticeService& notices_;
  const Clock& clock_;
  ItemJournal journal_;
};

}  // namespace lakelift::catalogue
