// Who may see an item: set by its maintainer and by admins.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "domain/accounts/farewell.h"
#include "domain/catalogue/catalogue_item.h"
#include "domain/catalogue/item_journal.h"

namespace lakelift::catalogue {

// Whom an item is shown to, by the names that people use.
struct Sharing {
  Visibility visibility = Visibility::kEveryone;
  std::vector<std::string> accounts;  // emails
  std::vector<std::string> groups;    // names
};

struct Readers {
  Visibility visibility = Visibility::kEveryone;
  std::vector<accounts::Account> accounts;
  std::vector<GroupName> groups;
};

// Threadsafe. Every call that names an item: kNotFound COULD_NOT_FIND_CATALOGUEITEM where the caller may not see it,
// kForbidden ACCESS_DENIED where they see it but neither maintain it nor are an admin; and every one that changes:
// kConflict CATALOGUEITEM_FOLLOWS_ITS_FILE where it is a published file.
class SharingService final : public accounts::FarewellListener, public accounts::GroupFarewellListener {
 public:
  SharingService(metadata::Database& database, const ledger::Ledger& ledger, notices::NoticeService& notices,
                 const Clock& clock);

  [[nodiscard]] Result<Readers> readers(const accounts::Account& caller, std::int64_t item_id);
  // All of it or nothing. Errors: kInvalid BODY_DID_NOT_VALIDATE, fields "accounts" and "groups", with a text for each
  // name that is not known, or where names come with visibility everyone.
  [[nodiscard]] Result<Readers> share(const accounts::Account& caller, std::int64_t item_id, const Sharing& sharing);
  // Names one more; exactly one of the two. Fine where it is named. Errors: kInvalid BODY_DID_NOT_VALIDATE, field
  // "account" or "group"; kConflict CATALOGUEITEM_IS_FOR_EVERYONE.
  [[nodiscard]] Result<Readers> add(const accounts::Account& caller, std::int64_t item_id,
                                    const std::optional<std::string>& account, const std::optional<std::string>& group);
  // Error: kNotFound COULD_NOT_FIND_READER where the item does not name it.
  [[nodiscard]] Result<Readers> remove(const accounts::Account& caller, std::int64_t item_id, ReaderKey reader);

  // The account's places as a reader, follower and asker go; items that it maintained have no maintainer.
  [[nodiscard]] Result<void> farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t> actor) override;
  // The same of a group: no item names it any more.
  [[nodiscard]] Result<void> group_farewell(metadata::Transaction& transaction, const accounts::Group& leaving,
                                            std::optional<std::int64_t> actor) override;

 private:
  using Work = std::function<Result<void>(metadata::Transaction& transaction, ItemRow& row)>;
  // In one transaction: the item, if the caller may decide about it; the work; who is named then.
  [[nodiscard]] Result<Readers> decide(const accounts::Account& caller, std::int64_t item_id, const Work& work);
  [[nodiscard]] Result<void> unname(metadata::Transaction& transaction, ReaderKey reader, Actor actor);
  [[nodiscard]] static Result<Readers> with_names(metadata::Session& session, const ItemRow& row);

  metadata::Database& database_;
  const ledger::Ledger& ledger_;
  notices::NoticeService& notices_;
  const Clock& clock_;
  ItemJournal journal_;
};

// {"@type": "catalogue_item_readers", visibility, accounts, groups}
[[nodiscard]] json::object to_json(const Readers& readers);

}  // namespace lakelift::catalogue
