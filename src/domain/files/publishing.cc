// Files that are published as tables: what app/PublishedFiles asks and is told.
#include "domain/files/changing.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"
#include "domain/files/grant_store.h"
#include "domain/files/publication_store.h"

namespace lakelift::files {
namespace {

// Its row goes, and its table.
Result<void> forget_publication(const Core& core, metadata::Transaction& transaction, std::int64_t file_id) {
  TRY(const auto publication, find_publication(transaction, file_id));
  if (!publication) return {};
  TRY_VOID(delete_publication_row(transaction, file_id));
  if (!publication->table) return {};
  return core.parts.keeper.discard(transaction, {publication->table->key});
}

}  // namespace

Result<Readers> readers_of(metadata::Session& session, const Node& node) {
  std::vector<std::string> paths{node.path.text()};
  for (const auto& above : node.path.ancestors()) paths.push_back(above.text());
  TRY(const auto grants, grants_at(session, node.owner_id, paths));
  Readers readers;
  for (const Grant& grant : grants) {
    (grant.kind == GranteeKind::kAccount ? readers.accounts : readers.groups).insert(grant.grantee_id);
  }
  return readers;
}

Result<void> tell_readers(const Change& change, const Tree& tree) {
  if (change.core.publications == nullptr) return {};
  TRY(const auto published, published_in(change.transaction, tree));
  for (const Node& node : published) {
    TRY(const Readers readers, readers_of(change.transaction, node));
    TRY_VOID(change.core.publications->readers_changed(change.transaction, *node.item_id, readers, change.caller.id));
  }
  return {};
}

Result<void> withdraw(const Core& core, metadata::Transaction& transaction, const Tree& tree,
                      std::optional<std::int64_t> actor) {
  TRY(const auto published, published_in(transaction, tree));
  for (const Node& node : published) {
    // First the row: the item's own deletion may ask for it (item_deleted).
    TRY_VOID(forget_publication(core, transaction, node.id));
    if (core.publications != nullptr) TRY_VOID(core.publications->withdrawn(transaction, *node.item_id, actor));
  }
  return {};
}

Result<FileInfo> FileService::own_file(metadata::Session& session, const accounts::Account& caller, const Address& at) {
  TRY(const Place place, look_owned(session, caller, at));
  TRY_VOID(check_file_may_be(place));
  return describe(session, place);
}

Result<std::optional<FileInfo>> FileService::find(metadata::Session& session, std::int64_t file_id) {
  TRY(const auto node, find_node(session, file_id));
  if (!node) return std::nullopt;
  People people(session);
  TRY(const auto owner, people.find(node->owner_id));
  if (!owner) return std::nullopt;
  TRY(FileInfo file, describe(people, *owner, *node, Right::kOwner));
  return file;
}

Result<Readers> FileService::readers(metadata::Session& session, std::int64_t file_id) {
  TRY(const auto node, find_node(session, file_id));
  if (!node) return Readers{};
  return readers_of(session, *node);
}

Result<std::optional<Publication>> FileService::publication(metadata::Session& session, std::int64_t file_id) {
  return find_publication(session, file_id);
}

Result<void> FileService::insert_publication(metadata::Transaction& transaction, const Publication& publication) {
  TRY(const bool is_new, insert_publication_row(transaction, publication));
  if (is_new) return {};
  return fail(Code::kConflict, "FILE_IS_PUBLISHED_ALREADY", "the file is published as a table already");
}

Result<void> FileService::set_publication_table(metadata::Transaction& transaction, const Publication& publication) {
  TRY(const auto before, find_publication(transaction, publication.file_id));
  if (!before) return fail(Code::kNotFound, "FILE_IS_NOT_PUBLISHED", "the file is not published any more");
  TRY_VOID(update_publication_row(transaction, publication));
  const bool is_same = before->table && publication.table && before->table->key == publication.table->key;
  if (!before->table || is_same) return {};
  return impl_->core.parts.keeper.discard(transaction, {before->table->key});
}

Result<void> FileService::delete_publication(metadata::Transaction& transaction, std::int64_t file_id) {
  return forget_publication(impl_->core, transaction, file_id);
}

Result<void> FileService::item_deleted(metadata::Transaction& transaction, std::int64_t item_id) {
  TRY(const auto file, file_of_item(transaction, item_id));
  if (!file) return {};
  return forget_publication(impl_->core, transaction, *file);
}

}  // namespace lakelift::files
