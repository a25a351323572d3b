#include "domain/accounts/group_service.h"

#include "domain/accounts/account_errors.h"
#include "domain/accounts/account_store.h"
#include "domain/accounts/group_store.h"

namespace lakelift::accounts {
namespace {

ledger::Entry entry_of(std::string kind, const Group& group, std::optional<std::int64_t> actor) {
  ledger::Entry entry;
  entry.kind = std::move(kind);
  entry.actor = actor;
  entry.subject_kind = "group";
  entry.subject_id = std::to_string(group.id);
  entry.detail = {{"name", group.name}};
  return entry;
}

struct Both {
  Group group;
  Account account;
};

Result<Both> find_both(metadata::Session& session, std::int64_t group_id, std::int64_t account_id) {
  TRY(auto group, find_group(session, group_id));
  if (!group) return no_such_group();
  TRY(auto account, find_account(session, account_id));
  if (!account) return no_such_account();
  return Both{*std::move(group), *std::move(account)};
}

Result<void> tell_member(const ledger::Ledger& ledger, metadata::Transaction& transaction, std::string kind,
                         const Both& both, std::optional<std::int64_t> actor) {
  ledger::Entry entry = entry_of(std::move(kind), both.group, actor);
  entry.detail["account_id"] = both.account.id;
  entry.detail["username"] = both.account.username;
  TRY_VOID(ledger.append(transaction, entry));
  return {};
}

}  // namespace

Result<Group> GroupService::create(std::string_view name, std::optional<std::int64_t> actor) {
  if (!is_group_name(name)) {
    return not_valid("name",
                     "A group's name has 1 to 64 letters, digits, spaces, dots, underscores and hyphens, and no space "
                     "at an end.");
  }
  return database_.write([&](metadata::Transaction& transaction) -> Result<Group> {
    TRY(auto made, insert_group(transaction, {0, std::string(name), actor, clock_.now(), 0}));
    if (!made) return fail(Code::kConflict, "GROUP_EXISTS_ALREADY", "a group with this name exists already");
    TRY_VOID(ledger_.append(transaction, entry_of("group.created", *made, actor)));
    return *std::move(made);
  });
}

Result<Group> GroupService::get(std::int64_t id) {
  TRY(auto found, database_.read([&](metadata::Session& session) { return find_group(session, id); }));
  if (!found) return no_such_group();
  return *std::move(found);
}

Result<std::vector<Group>> GroupService::list(std::int64_t after, int limit, std::string_view name) {
  return database_.read([&](metadata::Session& session) { return list_groups(session, after, limit, name); });
}

Result<void> GroupService::remove(std::int64_t id, std::optional<std::int64_t> actor) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto leaving, find_group(transaction, id));
    if (!leaving) return no_such_group();
    for (GroupFarewellListener& listener : listeners_) TRY_VOID(listener.group_farewell(transaction, *leaving, actor));
    TRY_VOID(delete_group(transaction, id));
    ledger::Entry entry = entry_of("group.deleted", *leaving, actor);
    entry.detail["members"] = leaving->members;
    TRY_VOID(ledger_.append(transaction, entry));
    return {};
  });
}

Result<std::vector<Account>> GroupService::members(std::int64_t group_id, std::int64_t after, int limit) {
  return database_.read([&](metadata::Session& session) -> Result<std::vector<Account>> {
    TRY(const auto group, find_group(session, group_id));
    if (!group) return no_such_group();
    TRY(const auto ids, member_ids(session, group_id, after, limit));
    std::vector<Account> out;
    for (const std::int64_t id : ids) {
      TRY(auto account, find_account(session, id));
      if (account) out.push_back(*std::move(account));
    }
    return out;
  });
}

Result<void> GroupService::add_member(std::int64_t group_id, std::int64_t account_id,
                                      std::optional<std::int64_t> actor) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto both, find_both(transaction, group_id, account_id));
    TRY(const bool added, insert_member(transaction, group_id, account_id, clock_.now()));
    if (!added) return {};
    return tell_member(ledger_, transaction, "group.member_added", both, actor);
  });
}

Result<void> GroupService::remove_member(std::int64_t group_id, std::int64_t account_id,
                                         std::optional<std::int64_t> actor) {
  return database_.write([&](metadata::Transaction& transaction) -> Result<void> {
    TRY(const auto both, find_both(transaction, group_id, account_id));
    TRY(const bool removed, delete_member(transaction, group_id, account_id));
    if (!removed) return {};
    return tell_member(ledger_, transaction, "group.member_removed", both, actor);
  });
}

Result<std::vector<std::vector<Group>>> GroupService::groups_of(const std::vector<std::int64_t>& account_ids) {
  return database_.read([&](metadata::Session& session) -> Result<std::vector<std::vector<Group>>> {
    std::vector<std::vector<Group>> out;
    for (const std::int64_t id : account_ids) {
      TRY(auto groups, accounts::groups_of(session, id));
      out.push_back(std::move(groups));
    }
    return out;
  });
}

}  // namespace lakelift::accounts
