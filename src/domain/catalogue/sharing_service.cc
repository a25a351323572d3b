#include "domain/catalogue/sharing_service.h"

#include <fmt/format.h>

#include <utility>

#include "domain/accounts/account_store.h"
#include "domain/accounts/lookup.h"
#include "domain/catalogue/access_answers.h"
#include "domain/catalogue/access_request_store.h"
#include "domain/catalogue/follower_store.h"
#include "domain/catalogue/granting.h"
#include "domain/catalogue/item_errors.h"
#include "domain/catalogue/published_item.h"

namespace lakelift::catalogue {
namespace {

std::string unknown_account(std::string_view email) {
  return fmt::format("account instance with email {} does not exist.", email);
}

std::string unknown_group(std::string_view name) {
  return fmt::format("group instance with name {} does not exist.", name);
}

Result<std::optional<std::int64_t>> account_id_of(metadata::Session& session, std::string_view email) {
  const auto normal = accounts::normal_email(email);
  if (!normal) return std::nullopt;
  TRY(const auto account, accounts::find_account_by_email(session, *normal));
  if (!account) return std::nullopt;
  return account->id;
}

std::unexpected<Error> wrong_fields(std::vector<FieldError> fields) {
  std::string message = fields.front().field + ": " + fields.front().texts.front();
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::move(message), std::move(fields));
}

// The ids behind the names; an error tells every name that is not known.
Result<NamedReaders> resolve(metadata::Session& session, const Sharing& sharing) {
  NamedReaders named;
  FieldError accounts{"accounts", {}};
  FieldError groups{"groups", {}};
  if (sharing.visibility == Visibility::kEveryone) {
    constexpr std::string_view kNotNamed = "Nobody is named where everyone sees it: set visibility to named.";
    if (!sharing.accounts.empty()) accounts.texts.emplace_back(kNotNamed);
    if (!sharing.groups.empty()) groups.texts.emplace_back(kNotNamed);
  }
  for (const auto& email : sharing.accounts) {
    TRY(const auto id, account_id_of(session, email));
    id ? void(named.accounts.insert(*id)) : accounts.texts.push_back(unknown_account(email));
  }
  for (const auto& name : sharing.groups) {
    TRY(const auto id, accounts::group_id_of(session, name));
    id ? void(named.groups.insert(*id)) : groups.texts.push_back(unknown_group(name));
  }
  std::vector<FieldError> wrong;
  if (!accounts.texts.empty()) wrong.push_back(std::move(accounts));
  if (!groups.texts.empty()) wrong.push_back(std::move(groups));
  if (!wrong.empty()) return wrong_fields(std::move(wrong));
  return named;
}

Result<ReaderKey> resolve_one(metadata::Session& session, const std::optional<std::string>& account,
                              const std::optional<std::string>& group) {
  if (account.has_value() == group.has_value()) {
    return body_fault("account", "Name either an account or a group.");
  }
  if (account) {
    TRY(const auto id, account_id_of(session, *account));
    if (!id) return body_fault("account", unknown_account(*account));
    return ReaderKey{ReaderKind::kAccount, *id};
  }
  TRY(const auto id, accounts::group_id_of(session, *group));
  if (!id) return body_fault("group", unknown_group(*group));
  return ReaderKey{ReaderKind::kGroup, *id};
}

// The item, for who may decide about it.
Result<ItemRow> decided_item(metadata::Session& session, const accounts::Account& caller, std::int64_t item_id) {
  TRY(const Reader reader, reader_of(session, caller));
  TRY(auto row, find_visible_item(session, item_id, reader));
  if (!row) return no_such_item(item_id);
  if (!may_decide(reader, row->maintained_by)) return not_yours_to_share();
  return *std::move(row);
}

}  // namespace

json::object to_json(const Readers& readers) {
  json::array accounts;
  for (const auto& account : readers.accounts) accounts.push_back(accounts::to_json(account));
  json::array groups;
  for (const auto& [id, name] : readers.groups) groups.push_back({{"@type", "group"}, {"id", id}, {"name", name}});
  return {{"@type", "catalogue_item_readers"},
          {"visibility", name_of(readers.visibility)},
          {"accounts", std::move(accounts)},
          {"groups", std::move(groups)}};
}

SharingService::SharingService(metadata::Database& database, const ledger::Ledger& ledger,
                               notices::NoticeService& notices, const Clock& clock)
    : database_(database), ledger_(ledger), notices_(notices), clock_(clock), journal_(ledger) {
  journal_.set_notices(&notices);
}

Result<Readers> SharingService::readers(const accounts::Account& caller, std::int64_t item_id) {
  return database_.read([&](metadata::Session& session) -> Result<Readers> {
    TRY(const ItemRow row, decided_item(session, caller, item_id));
    return with_names(session, row);
  });
}

Result<Readers> SharingService::with_names(metadata::Session& session, const ItemRow& row) {
  TRY(const NamedReaders named, named_readers(session, row.item.id));
  Readers out;
  out.visibility = row.item.visibility;
  for (const std::int64_t id : named.accounts) {
    TRY(auto account, accounts::find_account(session, id));
    if (account) out.accounts.push_back(*std::move(account));
  }
  TRY(const auto names, accounts::group_names(session, {named.groups.begin(), named.groups.end()}));
  for (const auto& [id, name] : names) out.groups.push_back({id, name});
  return out;
}

Result<Readers> SharingService::decide(const accounts::Account& caller, std::int64_t item_id, const Work& work) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<Readers> {
    TRY(ItemRow row, decided_item(transaction, caller, item_id));
    if (is_published(row.item)) return follows_its_file(row.item.name);
    TRY_VOID(work(transaction, row));
    return with_names(transaction, row);
  });
}

Result<Readers> SharingService::share(const accounts::Account& caller, std::int64_t item_id, const Sharing& sharing) {
  return decide(caller, item_id, [&](metadata::Transaction& transaction, ItemRow& row) -> Result<void> {
    TRY(const NamedReaders wanted, resolve(transaction, sharing));
    TRY(const ReaderChange change, store_readers(transaction, caller.id, row, wanted, clock_.now()));
    // Both are stored before either is journalled: who may go on following depends on both.
    const ItemRow before = row;
    if (row.item.visibility != sharing.visibility) {
      row.item.visibility = sharing.visibility;
      row.updated_by = caller.id;
      row.item.updated_at = clock_.now();
      TRY_VOID(update_item(transaction, row));
      TRY_VOID(journal_.changed(transaction, caller.id, "catalogue_item.updated", before, row));
    }
    TRY_VOID(journal_.readers_changed(transaction, caller.id, row, change));
    return settle_named(transaction, {ledger_, notices_}, caller.id, item_id, change.added, clock_.now());
  });
}

Result<Readers> SharingService::add(const accounts::Account& caller, std::int64_t item_id,
                                    const std::optional<std::string>& account,
                                    const std::optional<std::string>& group) {
  return decide(caller, item_id, [&](metadata::Transaction& transaction, ItemRow& row) -> Result<void> {
    TRY(const ReaderKey reader, resolve_one(transaction, account, group));
    if (row.item.visibility == Visibility::kEveryone) return for_everyone_already(row.item.name);
    TRY_VOID(add_reader(transaction, journal_, caller.id, row, reader, clock_.now()));
    return settle_named(transaction, {ledger_, notices_}, caller.id, item_id, {reader}, clock_.now());
  });
}

Result<Readers> SharingService::remove(const accounts::Account& caller, std::int64_t item_id, ReaderKey reader) {
  return decide(caller, item_id, [&](metadata::Transaction& transaction, ItemRow& row) -> Result<void> {
    TRY(const bool removed, remove_reader(transaction, journal_, caller.id, row, reader));
    if (!removed) return no_such_reader();
    return {};
  });
}

Result<void> SharingService::unname(metadata::Transaction& transaction, ReaderKey reader, Actor actor) {
  TRY(const auto items, items_naming(transaction, reader));
  for (const std::int64_t item_id : items) {
    TRY(const auto row, find_item(transaction, item_id));
    if (!row) continue;
    TRY_VOID(remove_reader(transaction, journal_, actor, *row, reader));
  }
  return {};
}

Result<void> SharingService::farewell(metadata::Transaction& transaction, const accounts::Account& leaving,
                                      std::optional<std::int64_t> actor) {
  TRY_VOID(delete_follows_of(transaction, leaving.id));
  TRY_VOID(delete_access_requests_of(transaction, leaving.id));
  TRY_VOID(unname(transaction, {ReaderKind::kAccount, leaving.id}, actor));
  TRY(const auto maintained, items_maintained_by(transaction, leaving.id));
  for (const std::int64_t item_id : maintained) {
    TRY(auto row, find_item(transaction, item_id));
    if (!row) continue;
    const ItemRow before = *row;
    row->maintained_by.reset();
    row->updated_by = actor;
    row->item.updated_at = clock_.now();
    TRY_VOID(update_item(transaction, *row));
    TRY_VOID(journal_.changed(transaction, actor, "catalogue_item.updated", before, *row));
  }
  return {};
}

Result<void> SharingService::group_farewell(metadata::Transaction& transaction, const accounts::Group& leaving,
                                            std::optional<std::int64_t> actor) {
  return unname(transaction, {ReaderKind::kGroup, leaving.id}, actor);
}

}  // namespace lakelift::catalogue
