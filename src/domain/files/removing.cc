// Files and folders go.
#include "domain/files/changing.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"

namespace lakelift::files {
namespace {

Result<void> check_empty(metadata::Session& session, const Tree& tree) {
  const Within rows = beneath(tree);
  TRY(const auto any,
      session.row<std::int64_t>("SELECT id FROM files_nodes WHERE " + rows.sql + " LIMIT 1", rows.params));
  if (!any) return {};
  return fail(Code::kConflict, "FOLDER_IS_NOT_EMPTY", "the folder is not empty: say recursive to delete all of it");
}

Result<FileInfo> remove_at(const Change& change, const Place& place, bool recursive) {
  const Node& node = *place.node;
  if (place.is_folder() && !recursive) TRY_VOID(check_empty(change.transaction, place.tree()));
  TRY(FileInfo file, describe(change.transaction, place));
  TRY(const Totals totals, totals_of(change.transaction, place.tree()));
  TRY(const Amount less, drop_tree(change, place.tree()));
  TRY_VOID(charge(change, place.owner.id, less));
  Happening happening{"file.deleted", node.id, node.path, totals.bytes};
  if (node.kind == FileKind::kFile) happening.object = node.content.key;
  happening.detail["kind"] = name_of(node.kind);
  happening.detail["files"] = totals.files;
  TRY_VOID(record(change, place.owner, std::move(happening)));
  return file;
}

}  // namespace

Result<FileInfo> FileService::remove(const accounts::Account& caller, const Address& at, bool recursive,
                                     const Conditions& conditions) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<FileInfo> {
    TRY(const Place place, look_readable(one.transaction, one.caller, at));
    if (!may(place.right, Right::kWrite)) return may_only_read();
    if (place.path.is_root()) return not_the_root();
    if (!may(place.above_right, Right::kWrite)) return was_shared_itself();
    TRY_VOID(check_conditions(place.node, conditions));
    return remove_at(one, place, recursive);
  });
}

}  // namespace lakelift::files
