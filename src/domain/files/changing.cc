#include "domain/files/changing.h"

#include <algorithm>

#include "domain/accounts/account_store.h"
#include "domain/files/file_errors.h"
#include "domain/files/trash_store.h"

namespace lakelift::files {
namespace {

constexpr Micros kDay = 86'400 * kMicrosPerSecond;

// Who, when, until when.
Trashed trash_terms(const Change& change) {
  Trashed terms;
  terms.at = change.now;
  terms.by = change.caller.id;
  terms.kept_until = change.now + change.core.options.trash_days * kDay;
  return terms;
}

bool knows(const Place& place, const FilePath& folder) {
  return std::ranges::any_of(place.above, [&](const Node& node) { return node.path == folder; });
}

}  // namespace

Result<accounts::Account> caller_now(metadata::Session& session, const accounts::Account& caller) {
  TRY_VOID(accounts::check_active(session, caller.id));
  TRY(auto found, accounts::find_account(session, caller.id));
  accounts::Account now = found.value_or(caller);
  // The token may be for less than the account, never for more.
  if (caller.type != accounts::AccountType::kAdmin) now.type = caller.type;
  return now;
}

Result<void> record(const Change& change, const accounts::Account& owner, Happening happening) {
  ledger::Entry entry;
  entry.kind = std::move(happening.kind);
  entry.actor = change.caller.id;
  if (owner.id != change.caller.id) entry.on_behalf = owner.id;
  entry.subject_kind = "file";
  entry.subject_id = std::to_string(happening.id);
  entry.bytes = happening.bytes;
  entry.object = std::move(happening.object);
  entry.detail = std::move(happening.detail);
  entry.detail["owner"] = owner.username;
  entry.detail["path"] = happening.path.text();
  TRY_VOID(change.core.parts.ledger.append(change.transaction, entry));
  return {};
}

Result<void> check_conditions(const std::optional<Node>& node, const Conditions& conditions) {
  if (conditions.if_none_match_any && node) return precondition_failed("something is there already");
  if (!conditions.if_match) return {};
  if (!node) return precondition_failed("nothing is there");
  const bool matches = std::ranges::any_of(*conditions.if_match, [&](const std::string& wanted) {
    return wanted == "*" || (node->kind == FileKind::kFile && wanted == node->content.sha256);
  });
  if (matches) return {};
  return precondition_failed("what is there is not what If-Match names: it was changed meanwhile");
}

Result<void> check_file_may_be(const Place& place) {
  if (place.is_folder()) return is_a_folder(place.path.text());
  return {};
}

Result<Amount> make_folders(const Change& change, Place& place) {
  Amount more;
  for (const FilePath& path : place.path.ancestors()) {
    if (knows(place, path)) continue;
    Node folder;
    folder.owner_id = place.owner.id;
    folder.path = path;
    folder.created_at = folder.changed_at = change.now;
    folder.changed_by = change.caller.id;
    TRY_VOID(insert_node(change.transaction, folder));
    TRY_VOID(record(change, place.owner, {"folder.created", folder.id, path}));
    place.above.push_back(std::move(folder));
    ++more.folders;
  }
  return more;
}

Result<Amount> give_up_content(const Change& change, const Node& node, const Content* by) {
  const auto size = static_cast<std::int64_t>(node.content.size_bytes);
  Amount less{.bytes = -size, .files = -1};
  if (by != nullptr && by->key == node.content.key) return less;
  // The same bytes again take nothing away that would have to be kept.
  const bool is_same = by != nullptr && by->sha256 == node.content.sha256;
  if (change.core.options.trash_days == 0 || is_same) {
    TRY_VOID(change.core.parts.keeper.discard(change.transaction, {node.content.key}));
    return less;
  }
  Trashed trashed = trash_terms(change);
  trashed.file_id = node.id;
  trashed.owner_id = node.owner_id;
  trashed.path = node.path;
  trashed.content = node.content;
  trashed.was_replaced = by != nullptr;
  TRY_VOID(insert_trashed(change.transaction, trashed));
  less.trash_bytes = size;
  less.trash_files = 1;
  return less;
}

Result<Amount> drop_for(const Change& change, Place& place, const Content& by) {
  TRY(const Amount less, give_up_content(change, *place.node, &by));
  TRY_VOID(withdraw(change.core, change.transaction, place.tree(), change.caller.id));
  TRY_VOID(delete_tree(change.transaction, place.tree()));
  place.node.reset();
  return less;
}

Result<Stored> put_content(const Change& change, Place place, const Content& content, const std::string& kind,
                           const Amount& besides) {
  TRY(Amount more, make_folders(change, place));
  more += besides;
  const bool is_new = !place.node;
  Node node = is_new ? Node{} : *place.node;
  if (is_new) {
    node.owner_id = place.owner.id;
    node.path = place.path;
    node.kind = FileKind::kFile;
    node.created_at = change.now;
  } else {
    TRY(const Amount less, give_up_content(change, node, &content));
    more += less;
  }
  more += {.bytes = static_cast<std::int64_t>(content.size_bytes), .files = 1};
  node.content = content;
  node.changed_at = change.now;
  node.changed_by = change.caller.id;
  TRY_VOID(is_new ? insert_node(change.transaction, node) : update_content(change.transaction, node));
  TRY_VOID(charge(change, place.owner.id, more));
  Happening happening{kind, node.id, node.path, static_cast<std::int64_t>(content.size_bytes), content.key};
  happening.detail["replaced"] = !is_new;
  TRY_VOID(record(change, place.owner, std::move(happening)));
  place.node = std::move(node);
  TRY(FileInfo file, describe(change.transaction, place));
  return Stored{std::move(file), is_new};
}

Result<Totals> checked_totals(metadata::Session& session, const Tree& tree) {
  TRY(const Totals totals, totals_of(session, tree));
  if (totals.files + totals.folders > limits::kFilesPerChange) return too_many_files(limits::kFilesPerChange);
  return totals;
}

Result<Amount> drop_tree(const Change& change, const Tree& tree) {
  metadata::Transaction& transaction = change.transaction;
  TRY(const Totals totals, checked_totals(transaction, tree));
  TRY_VOID(withdraw(change.core, transaction, tree, change.caller.id));
  Amount less{.bytes = -totals.bytes, .files = -totals.files, .folders = -totals.folders};
  std::vector<std::string> keys;
  if (change.core.options.trash_days > 0) {
    TRY_VOID(trash_tree(transaction, tree, trash_terms(change)));
    less.trash_bytes = totals.bytes;
    less.trash_files = totals.files;
  } else {
    TRY(keys, keys_in(transaction, tree));
  }
  TRY_VOID(delete_tree(transaction, tree));
  if (!keys.empty()) TRY_VOID(change.core.parts.keeper.discard(transaction, keys));
  return less;
}

}  // namespace lakelift::files
