#include "domain/files/place.h"

#include <algorithm>

#include "domain/files/file_errors.h"
#include "domain/files/people.h"

namespace lakelift::files {

Result<Place> look(metadata::Session& session, const accounts::Account& caller, const Address& at) {
  TRY(const Viewer viewer, viewer_of(session, caller));
  TRY(const auto owner, find_owner(session, at.owner));
  Place place;
  place.path = at.path;
  if (owner) place.owner = *owner;
  std::vector<std::string> paths;
  for (const auto& above : at.path.ancestors()) paths.push_back(above.text());
  paths.push_back(at.path.text());
  TRY(auto nodes, nodes_at(session, place.owner.id, paths));
  const Within theirs = granted_to(viewer.account_id, viewer.groups);
  TRY(const auto grants, grants_at(session, place.owner.id, paths, theirs));
  for (auto& node : nodes) {
    if (node.path == at.path) {
      place.node = std::move(node);
    } else {
      place.above.push_back(std::move(node));
    }
  }
  if (!owner) return place;
  std::vector<Grant> above;
  std::ranges::copy_if(grants, std::back_inserter(above), [&](const Grant& grant) { return grant.on != at.path; });
  place.right = right_of(viewer, *owner, grants);
  place.above_right = right_of(viewer, *owner, above);
  return place;
}

Result<Place> look_readable(metadata::Session& session, const accounts::Account& caller, const Address& at) {
  TRY(Place place, look(session, caller, at));
  if (!place.is_there() || !may(place.right, Right::kRead)) return no_such_file();
  return place;
}

Result<Place> look_owned(metadata::Session& session, const accounts::Account& caller, const Address& at) {
  TRY(Place place, look_readable(session, caller, at));
  if (!may(place.right, Right::kOwner)) return owner_only();
  return place;
}

Result<Place> look_writable(metadata::Session& session, const accounts::Account& caller, const Address& at) {
  TRY(Place place, look(session, caller, at));
  if (!may(place.right, Right::kRead)) return no_such_file();
  if (!may(place.right, Right::kWrite)) return may_only_read();
  for (const Node& node : place.above) {
    if (node.kind == FileKind::kFile) return is_no_folder(node.path.text());
  }
  return place;
}

Result<FileInfo> describe(People& people, const accounts::Account& owner, const Node& node, Right right) {
  FileInfo file;
  file.id = node.id;
  file.owner_id = owner.id;
  file.owner = owner.username;
  file.path = node.path;
  file.kind = node.kind;
  file.size_bytes = node.content.size_bytes;
  file.sha256 = node.content.sha256;
  file.object_key = node.content.key;
  file.created_at = node.created_at;
  file.changed_at = node.changed_at;
  TRY(const auto by, people.find(node.changed_by));
  if (by) file.changed_by = by->id;
  if (by) file.changed_by_name = by->username;
  file.right = right;
  if (right == Right::kOwner) {
    file.is_shared = node.grants > 0;
    file.catalogue_item_id = node.item_id;
  }
  return file;
}

FileInfo describe_root(const accounts::Account& owner, Right right) {
  FileInfo file;
  file.owner_id = owner.id;
  file.owner = owner.username;
  file.kind = FileKind::kFolder;
  file.created_at = owner.created_at;
  file.changed_at = owner.created_at;
  file.changed_by = owner.id;
  file.changed_by_name = owner.username;
  file.right = right;
  if (right == Right::kOwner) file.is_shared = false;
  return file;
}

Result<FileInfo> describe(metadata::Session& session, const Place& place) {
  const Right right = place.right.value_or(Right::kRead);
  if (!place.node) return describe_root(place.owner, right);
  People people(session);
  return describe(people, place.owner, *place.node, right);
}

}  // namespace lakelift::files
