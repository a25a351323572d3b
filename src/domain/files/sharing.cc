// What is shared with somebody.
#include <algorithm>
#include <utility>

#include "domain/files/file_service_impl.h"
#include "domain/files/grant_store.h"
#include "domain/files/page_token.h"
#include "domain/files/place.h"

namespace lakelift::files {
namespace {

constexpr std::string_view kListing = "shared";

// By username: of whom something is shared with the viewer.
Result<std::vector<accounts::Account>> sharing_owners(metadata::Session& session, People& people,
                                                      const Viewer& viewer) {
  const Within theirs = granted_to(viewer.account_id, viewer.groups);
  TRY(const auto rows,
      session.rows<std::int64_t>("SELECT DISTINCT n.owner_id FROM files_grants g JOIN files_nodes n ON "
                                 "n.id = g.node_id WHERE 1 = 1" +
                                     theirs.sql,
                                 theirs.params));
  std::vector<accounts::Account> owners;
  for (const auto& [id] : rows) {
    if (id == viewer.account_id) continue;
    TRY(auto owner, people.find(id));
    if (owner && (viewer.is_admin || !owner->is_disabled())) owners.push_back(*std::move(owner));
  }
  std::ranges::sort(owners, {}, &accounts::Account::username);
  return owners;
}

struct Looking {
  metadata::Session& session;
  People& people;
  const Viewer& viewer;
};

Result<SharedFile> shared_file(const Looking& by, const accounts::Account& owner, const Node& node) {
  std::vector<std::string> paths{node.path.text()};
  for (const auto& above : node.path.ancestors()) paths.push_back(above.text());
  TRY(const auto grants, grants_at(by.session, owner.id, paths, granted_to(by.viewer.account_id, by.viewer.groups)));
  // Of several on the node itself the one that lets them do most.
  const Grant* told = nullptr;
  for (const Grant& grant : grants) {
    if (grant.node_id == node.id && (told == nullptr || grant.right > told->right)) told = &grant;
  }
  SharedFile shared;
  TRY(shared.file, describe(by.people, owner, node, right_of(by.viewer, owner, grants).value_or(Right::kRead)));
  if (told == nullptr) return shared;
  TRY(shared.granted_by, by.people.name_of(told->granted_by));
  shared.granted_at = told->granted_at;
  return shared;
}

// Of one owner, path > after.
Result<void> add_shared(const Looking& by, const accounts::Account& owner, const std::string& after, std::int64_t most,
                        std::vector<SharedFile>& out) {
  const Within theirs = granted_to(by.viewer.account_id, by.viewer.groups);
  metadata::Params params{owner.id, after};
  params.insert(params.end(), theirs.params.begin(), theirs.params.end());
  params.emplace_back(most);
  TRY(const auto nodes,
      nodes_where(by.session,
                  " WHERE n.owner_id = ? AND n.path > ? AND n.id IN (SELECT g.node_id FROM files_grants g WHERE 1 = 1" +
                      theirs.sql + ") ORDER BY n.path LIMIT ?",
                  params));
  for (const Node& node : nodes) {
    TRY(SharedFile shared, shared_file(by, owner, node));
    out.push_back(std::move(shared));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> FileService::owners(const accounts::Account& caller) {
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<std::vector<std::string>> {
    TRY(const Viewer viewer, viewer_of(session, caller));
    People people(session);
    TRY(const auto others, sharing_owners(session, people, viewer));
    std::vector<std::string> names{caller.username};
    for (const auto& owner : others) names.push_back(owner.username);
    return names;
  });
}

Result<SharedPage> FileService::shared_with(const accounts::Account& caller, const std::optional<std::string>& after,
                                            std::int64_t limit) {
  TRY_VOID(check_limit(limit));
  TRY(const auto key, parse_page_token(kListing, after));
  // The owner's name and the path, which has no slash at its beginning.
  const std::string from = key ? key->text.substr(0, key->text.find('/')) : "";
  const std::string path = key && from.size() < key->text.size() ? key->text.substr(from.size() + 1) : "";
  return impl_->core.parts.database.read([&](metadata::Session& session) -> Result<SharedPage> {
    TRY(const Viewer viewer, viewer_of(session, caller));
    People people(session);
    TRY(const auto all, sharing_owners(session, people, viewer));
    const Looking by{session, people, viewer};
    SharedPage page;
    for (const auto& owner : all) {
      const std::int64_t missing = limit + 1 - static_cast<std::int64_t>(page.files.size());
      if (owner.username < from || missing <= 0) continue;
      TRY_VOID(add_shared(by, owner, owner.username == from ? path : "", missing, page.files));
    }
    if (page.files.size() > static_cast<std::size_t>(limit)) {
      page.files.pop_back();
      const FileInfo& last = page.files.back().file;
      page.next = page_token(kListing, {0, last.owner + "/" + last.path.text()});
    }
    return page;
  });
}

}  // namespace lakelift::files
