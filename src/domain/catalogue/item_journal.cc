#include "domain/catalogue/item_journal.h"

#include <algorithm>
#include <utility>

#include "domain/accounts/account_store.h"
#include "domain/accounts/lookup.h"
#include "domain/catalogue/follower_store.h"
#include "domain/catalogue/item_changes.h"
#include "domain/catalogue/item_documents.h"

namespace lakelift::catalogue {
namespace {

json::array readers_json(const std::set<ReaderKey>& readers) {
  json::array out;
  for (const auto& [kind, id] : readers) out.push_back({{"kind", name_of(kind)}, {"id", id}});
  return out;
}

// What a new notice of the same kind, subject and actor says together with an unread one.
json::object joined(const json::object& older, json::object newer) {
  json::array fields;
  const auto take = [&](const json::object& from) {
    const json::value* list = find(from, "fields");
    if (list == nullptr || !list->is_array()) return;
    for (const auto& field : list->get_array()) {
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
    }
  };
  take(older);
  take(newer);
  newer["fields"] = std::move(fields);
  newer["changes"] = find_int(older, "changes").value_or(1) + find_int(newer, "changes").value_or(1);
  return newer;
}

// Empty for the server itself.
Result<std::string> email_of(metadata::Session& session, Actor actor) {
  if (!actor) return std::string();
  TRY(const auto account, accounts::find_account(session, *actor));
  return account ? account->email : std::string();
}

}  // namespace

Result<void> ItemJournal::append(metadata::Transaction& transaction, Actor actor, std::string_view kind,
                                 const CatalogueItem& item, json::object changes) const {
  ledger::Entry entry;
  entry.kind = kind;
  entry.actor = actor;
  entry.subject_kind = "catalogue_item";
  entry.subject_id = std::to_string(item.id);
  entry.rows = item.rows;
  entry.bytes = item.bytes;
  entry.detail = {{"name", item.name}, {"executor_type", executors::name_of(item.executor_type)}};
  if (!changes.empty()) entry.detail["changes"] = std::move(changes);
  TRY_VOID(ledger_.append(transaction, entry));
  return {};
}

Result<void> ItemJournal::created(metadata::Transaction& transaction, Actor actor, const ItemRow& row) const {
  json::object changes;
  if (row.item.visibility != Visibility::kEveryone) {
    changes["visibility"] = {{"from", nullptr}, {"to", name_of(row.item.visibility)}};
  }
  return append(transaction, actor, "catalogue_item.created", row.item, std::move(changes));
}

Result<void> ItemJournal::changed(metadata::Transaction& transaction, Actor actor, std::string_view kind,
                                  const ItemRow& before, const ItemRow& after) const {
  json::object changes = changes_between(before, after);
  const auto fields = told_to_followers(changes);
  TRY_VOID(append(transaction, actor, kind, after.item, std::move(changes)));
  return tell(transaction, actor, after, fields);
}

Result<void> ItemJournal::readers_changed(metadata::Transaction& transaction, Actor actor, const ItemRow& row,
                                          const ReaderChange& change) const {
  if (change.empty()) return {};
  json::object readers{{"added", readers_json(change.added)}, {"removed", readers_json(change.removed)}};
  TRY_VOID(append(transaction, actor, kReadersChanged, row.item, {{"readers", std::move(readers)}}));
  TRY_VOID(touch(transaction, row.item.id));
  return tell(transaction, actor, row, {});
}

Result<void> ItemJournal::deleted(metadata::Transaction& transaction, Actor actor, const ItemRow& row) const {
  TRY_VOID(append(transaction, actor, "catalogue_item.deleted", row.item, {}));
  TRY_VOID(delete_readers(transaction, row.item.id));
  return delete_followers_of(transaction, row.item.id);
}

Result<void> ItemJournal::tell(metadata::Transaction& transaction, Actor actor, const ItemRow& row,
                               const std::vector<std::string>& fields) const {
  TRY(const auto followers, followers_of(transaction, row.item.id));
  if (followers.empty()) return {};
  TRY(const NamedReaders named, named_readers(transaction, row.item.id));
  notices::NewNotice notice{"catalogue_item.changed", "catalogue_item", std::to_string(row.item.id), {}};
  notice.by = actor;
  notice.join = joined;
  TRY(const std::string email, email_of(transaction, actor));
  notice.detail = {{"item_id", row.item.id},
                   {"item", row.item.name},
                   {"by", actor ? json::value(*actor) : json::value(nullptr)},
                   {"by_email", email},
                   {"fields", json::array(fields.begin(), fields.end())},
                   {"changes", 1}};
  for (const std::int64_t follower : followers) {
    TRY(const auto account, accounts::find_active(transaction, follower));
    bool sees = false;
    if (account) {
      TRY(const Reader reader, reader_of(transaction, *account));
      sees = may_see(reader, row.item.visibility, row.maintained_by, named);
    }
    if (!sees) {
      TRY_VOID(delete_follower(transaction, row.item.id, follower));
    } else if (!fields.empty() && actor != follower && notices_ != nullptr) {
      TRY_VOID(notices_->send(transaction, follower, notice));
    }
  }
  return {};
}

}  // namespace lakelift::catalogue
