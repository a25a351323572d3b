// Files and folders go elsewhere, or are there twice.
#include "domain/files/changing.h"
#include "domain/files/file_errors.h"
#include "domain/files/file_service_impl.h"

namespace lakelift::files {
namespace {

std::unexpected<Error> into_itself() {
  return fail(Code::kConflict, "FILE_MOVED_INTO_ITSELF", "that place is this one, or lies in it: name another");
}

// Where `from` shall be: writable, and free or to be overwritten.
Result<Place> target_of(const Change& change, const Place& from, const MoveTerms& terms) {
  TRY(Place to, look_writable(change.transaction, change.caller, terms.to));
  if (from.is_folder() && from.owner.id == to.owner.id && from.path.covers(to.path)) return into_itself();
  if (!to.is_there()) return to;
  if (!terms.overwrite) return exists_already();
  if (to.is_folder()) return is_a_folder(to.path.text());
  if (from.is_folder()) return is_no_folder(to.path.text());
  return to;
}

Result<Place> source_of(const Change& change, const Address& from) {
  TRY(Place place, look_readable(change.transaction, change.caller, from));
  if (place.path.is_root()) return not_the_root();
  return place;
}

Result<FileInfo> describe_at(const Change& change, const Address& at) {
  TRY(const Place place, look(change.transaction, change.caller, at));
  if (!place.node) return fail(Code::kInternal, "what was put there is not there");
  return describe(change.transaction, place);
}

Result<void> record_way(const Change& change, const char* kind, const Place& from, const Place& to, std::int64_t id,
                        const Totals& totals) {
  Happening happening{kind, id, from.path, totals.bytes};
  if (!from.is_folder()) happening.object = from.node->content.key;
  happening.detail["to_owner"] = to.owner.username;
  happening.detail["to"] = to.path.text();
  happening.detail["files"] = totals.files;
  return record(change, from.owner, std::move(happening));
}

Amount amount_of(const Totals& totals) {
  return {.bytes = totals.bytes, .files = totals.files, .folders = totals.folders};
}

// The rows, and what each of the two owners has.
Result<void> move_rows(const Change& change, const Place& from, Place& to, const Totals& totals) {
  Amount more;
  if (to.node) {
    TRY(more, drop_for(change, to, from.node->content));
  }
  TRY(const Amount folders, make_folders(change, to));
  more += folders;
  if (from.owner.id == to.owner.id) {
    TRY_VOID(move_tree(change.transaction, from.tree(), to.tree()));
    TRY_VOID(charge(change, to.owner.id, more));
    return tell_readers(change, to.tree());
  }
  // With another owner nobody has a right by what the first one shared.
  TRY_VOID(withdraw(change.core, change.transaction, from.tree(), change.caller.id));
  TRY_VOID(delete_grants_in(change.transaction, from.tree()));
  TRY_VOID(move_tree(change.transaction, from.tree(), to.tree()));
  TRY_VOID(add_usage(change.transaction, from.owner.id,
                     {.bytes = -totals.bytes, .files = -totals.files, .folders = -totals.folders}));
  more += amount_of(totals);
  return charge(change, to.owner.id, more);
}

Result<FileInfo> copy_folder(const Change& change, const Place& from, Place to) {
  TRY(const Totals totals, checked_totals(change.transaction, from.tree()));
  TRY(Amount more, make_folders(change, to));
  TRY_VOID(copy_tree(change.transaction, from.tree(), to.tree(), change.now, change.caller.id));
  more += amount_of(totals);
  TRY_VOID(charge(change, to.owner.id, more));
  TRY(FileInfo file, describe_at(change, {to.owner.username, to.path}));
  TRY_VOID(record_way(change, "file.copied", from, to, file.id, totals));
  return file;
}

}  // namespace

Result<FileInfo> FileService::move(const accounts::Account& caller, const Address& from, const MoveTerms& terms) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<FileInfo> {
    TRY(const Place source, source_of(one, from));
    if (!may(source.right, Right::kWrite)) return may_only_read();
    if (!may(source.above_right, Right::kWrite)) return was_shared_itself();
    TRY(Place target, target_of(one, source, terms));
    if (target.node && target.node->id == source.node->id) return into_itself();
    // What is there goes: that is more than to replace its content.
    if (target.node && !may(target.above_right, Right::kWrite)) return was_shared_itself();
    TRY(const Totals totals, checked_totals(one.transaction, source.tree()));
    TRY_VOID(move_rows(one, source, target, totals));
    TRY_VOID(record_way(one, "file.moved", source, target, source.node->id, totals));
    return describe_at(one, terms.to);
  });
}

Result<FileInfo> FileService::copy(const accounts::Account& caller, const Address& from, const MoveTerms& terms) {
  return change(impl_->core, caller, [&](const Change& one) -> Result<FileInfo> {
    TRY(const Place source, source_of(one, from));
    TRY(Place target, target_of(one, source, terms));
    if (source.is_folder()) return copy_folder(one, source, std::move(target));
    TRY(Stored stored, put_content(one, std::move(target), source.node->content, "file.copied"));
    return std::move(stored.file);
  });
}

}  // namespace lakelift::files
