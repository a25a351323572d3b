// One file or folder, and who has access to it.
#include "domain/accounts/lookup.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"
#include "domain/files/grant_store.h"
#include "domain/files/place.h"

namespace lakelift::files {
namespace {

// How often a file is looked up again that was replaced between its row and its bytes.
constexpr int kOpenAttempts = 8;

Result<std::vector<Access>> administrators(metadata::Session& session, People& people) {
  std::vector<Access> out;
  TRY(const auto ids, accounts::active_admin_ids(session));
  for (const std::int64_t id : ids) {
    Access access;
    TRY(access.account, people.name_of(id));
    access.right = Right::kOwner;
    access.why = "administrator";
    out.push_back(std::move(access));
  }
  return out;
}

Result<std::vector<Access>> granted(metadata::Session& session, People& people, const Place& place) {
  std::vector<std::string> paths{place.path.text()};
  for (const auto& above : place.path.ancestors()) paths.push_back(above.text());
  TRY(const auto grants, grants_at(session, place.owner.id, paths));
  std::vector<std::int64_t> groups;
  for (const Grant& grant : grants) {
    if (grant.kind == GranteeKind::kGroup) groups.push_back(grant.grantee_id);
  }
  TRY(const auto group_names, accounts::group_names(session, groups));
  std::vector<Access> out;
  for (const Grant& grant : grants) {
    Access access;
    if (grant.kind == GranteeKind::kAccount) {
      TRY(access.account, people.name_of(grant.grantee_id));
    } else {
      const auto name = group_names.find(grant.grantee_id);
      access.group = name == group_names.end() ? "" : name->second;
    }
    access.right = grant.right;
    access.why = "grant";
    const bool is_on_a_folder = grant.on != place.path || place.is_folder();
    access.granted_on =
        address_of(place.owner.username, grant.on, is_on_a_folder ? FileKind::kFolder : FileKind::kFile);
    TRY(std::string by, people.name_of(grant.granted_by));
    if (!by.empty()) access.granted_by = std::move(by);
    access.granted_at = grant.granted_at;
    out.push_back(std::move(access));
  }
  return out;
}

}  // namespace

Result<FileInfo> FileService::get(const accounts::Account& caller, const Address& at) {
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<FileInfo> {
    TRY(const Place place, look_readable(session, caller, at));
    return describe(session, place);
  });
}

Result<OpenedFile> FileService::open(const accounts::Account& caller, const Address& at) {
  std::string broken;  // the object that could not be opened
  for (int attempt = 0;; ++attempt) {
    OpenedFile opened;
    TRY_VOID(impl_->core.parts.database.read([&](metadata::Session& session) -> Result<void> {
      TRY(const Place place, look_readable(session, caller, at));
      TRY(opened.file, describe(session, place));
      if (place.node) opened.item_id = place.node->item_id;
      TRY(opened.reader, People(session).name_of(caller.id));
      return {};
    }));
    const FileInfo& file = opened.file;
    if (file.kind == FileKind::kFolder) return is_a_folder(at.path.text());
    auto bytes = impl_->core.parts.keeper.open({file.object_key, file.size_bytes, file.sha256});
    if (bytes) {
      opened.bytes = *std::move(bytes);
      return opened;
    }
    // It may have been replaced, and what it was collected, since its row was read.
    if (file.object_key == broken || attempt == kOpenAttempts) return std::unexpected(bytes.error());
    broken = file.object_key;
  }
}

Result<std::vector<Access>> FileService::access(const accounts::Account& caller, const Address& at) {
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<std::vector<Access>> {
    TRY(const Place place, look_owned(session, caller, at));
    People people(session);
    Access owner;
    owner.account = place.owner.username;
    owner.right = Right::kOwner;
    owner.why = "owner";
    std::vector<Access> all{std::move(owner)};
    TRY(auto admins, administrators(session, people));
    TRY(auto grants, granted(session, people, place));
    std::ranges::move(admins, std::back_inserter(all));
    std::ranges::move(grants, std::back_inserter(all));
    return all;
  });
}

}  // namespace lakelift::files
