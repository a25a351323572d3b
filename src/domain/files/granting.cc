// Who else may.
#include "domain/accounts/account_store.h"
#include "domain/accounts/lookup.h"
#include "domain/files/changing.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"
#include "domain/files/grant_store.h"

namespace lakelift::files {
namespace {

Result<std::optional<accounts::Account>> account_named(metadata::Session& session, const std::string& name) {
  TRY(auto account, find_owner(session, name));
  if (account) return account;
  const auto email = accounts::normal_email(name);
  if (!email) return std::nullopt;
  return accounts::find_account_by_email(session, *email);
}

struct Named {
  GranteeId id;
  std::string name;
};

Result<Named> resolve(metadata::Session& session, const Grantee& grantee) {
  if (grantee.account.has_value() == grantee.group.has_value()) {
    return not_valid("BODY_DID_NOT_VALIDATE", "account", "Name an account or a group, and not both.");
  }
  if (grantee.account) {
    TRY(const auto account, account_named(session, *grantee.account));
    if (!account) return no_such_account();
    return Named{{GranteeKind::kAccount, account->id}, account->username};
  }
  std::optional<std::int64_t> group;
  if (grantee.group->size() <= limits::kGroupNameChars && grantee.group->find('\0') == std::string::npos) {
    TRY(group, accounts::group_id_of(session, *grantee.group));
  }
  if (!group) return fail(Code::kNotFound, "COULD_NOT_FIND_GROUP", "there is no such group");
  return Named{{GranteeKind::kGroup, *group}, *grantee.group};
}

Result<Place> look_grantable(const Change& change, const Address& at) {
  TRY(Place place, look_owned(change.transaction, change.caller, at));
  if (place.path.is_root()) return not_the_root();
  return place;
}

Result<void> record_grant(const Change& change, const char* kind, const Place& place, const Named& to,
                          std::optional<Right> right) {
  Happening happening{kind, place.node->id, place.path};
  happening.detail[name_of(to.id.kind)] = to.name;
  if (right) happening.detail["right"] = name_of(*right);
  return record(change, place.owner, std::move(happening));
}

Result<void> put(const Change& change, Place& place, const Named& to, Right right) {
  TRY(const auto before, find_grant(change.transaction, place.node->id, to.id));
  if (before == right) return {};
  if (!before && place.node->grants >= limits::kFileGrants) {
    return fail(Code::kTooLarge, "TOO_MANY_GRANTS",
                "this is shared with as many as it can be: make a group, and share it with that");
  }
  TRY_VOID(put_grant(change.transaction,
                     {place.node->id, place.path, to.id.kind, to.id.id, right, change.caller.id, change.now}));
  if (!before) ++place.node->grants;
  TRY_VOID(record_grant(change, "file.granted", place, to, right));
  // Which right it is changes nothing for who reads.
  return before ? Result<void>() : tell_readers(change, place.tree());
}

}  // namespace

Result<FileInfo> FileService::grant(const accounts::Account& caller, const Address& at, const Grantee& to,
                                    Right right) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<FileInfo> {
    TRY(Place place, look_grantable(one, at));
    if (right == Right::kOwner) return not_valid("BODY_DID_NOT_VALIDATE", "right", "It is \"read\" or \"write\".");
    TRY(const Named named, resolve(one.transaction, to));
    const bool is_owner = named.id.kind == GranteeKind::kAccount && named.id.id == place.owner.id;
    if (!is_owner) TRY_VOID(put(one, place, named, right));
    return describe(one.transaction, place);
  });
}

Result<FileInfo> FileService::revoke(const accounts::Account& caller, const Address& at, const Grantee& from) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<FileInfo> {
    TRY(Place place, look_grantable(one, at));
    TRY(const Named named, resolve(one.transaction, from));
    TRY(const bool had, delete_grant(one.transaction, place.node->id, named.id));
    if (had) {
      --place.node->grants;
      TRY_VOID(record_grant(one, "file.revoked", place, named, std::nullopt));
      TRY_VOID(tell_readers(one, place.tree()));
    }
    return describe(one.transaction, place);
  });
}

}  // namespace lakelift::files
