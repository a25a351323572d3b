#include "domain/catalogue/granting.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

std::set<ReaderKey> keys_of(const NamedReaders& named) {
  std::set<ReaderKey> keys;
  for (const std::int64_t id : named.accounts) keys.insert({ReaderKind::kAccount, id});
  for (const std::int64_t id : named.groups) keys.insert({ReaderKind::kGroup, id});
  return keys;
}

Result<void> check_count(std::size_t count) {
  if (count <= limits::kReaders) return {};
  const std::string text =
      fmt::format("An item names at most {} accounts and groups: name a group of them.", limits::kReaders);
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", "accounts: " + text, {{"accounts", {text}}});
}

}  // namespace

Result<ReaderChange> store_readers(metadata::Transaction& transaction, Actor actor, const ItemRow& row,
                                   const NamedReaders& wanted, Micros at) {
  TRY(const NamedReaders present, named_readers(transaction, row.item.id));
  const auto before = keys_of(present);
  const auto after = keys_of(wanted);
  TRY_VOID(check_count(after.size()));
  ReaderChange change;
  for (const ReaderKey& reader : before) {
    if (after.contains(reader)) continue;
    TRY_VOID(delete_reader(transaction, row.item.id, reader));
    change.removed.insert(reader);
  }
  for (const ReaderKey& reader : after) {
    if (before.contains(reader)) continue;
    TRY_VOID(insert_reader(transaction, row.item.id, reader, actor, at));
    change.added.insert(reader);
  }
  return change;
}

Result<void> set_readers(metadata::Transaction& transaction, const ItemJournal& journal, Actor actor,
                         const ItemRow& row, const NamedReaders& wanted, Micros at) {
  TRY(const ReaderChange change, store_readers(transaction, actor, row, wanted, at));
  return journal.readers_changed(transaction, actor, row, change);
}

Result<bool> add_reader(metadata::Transaction& transaction, const ItemJournal& journal, Actor actor, const ItemRow& row,
                        ReaderKey reader, Micros at) {
  TRY(const NamedReaders present, named_readers(transaction, row.item.id));
  auto keys = keys_of(present);
  if (!keys.insert(reader).second) return false;
  TRY_VOID(check_count(keys.size()));
  TRY_VOID(insert_reader(transaction, row.item.id, reader, actor, at));
  TRY_VOID(journal.readers_changed(transaction, actor, row, {{reader}, {}}));
  return true;
}

Result<bool> remove_reader(metadata::Transaction& transaction, const ItemJournal& journal, Actor actor,
                           const ItemRow& row, ReaderKey reader) {
  TRY(const bool removed, delete_reader(transaction, row.item.id, reader));
  if (!removed) return false;
  TRY_VOID(journal.readers_changed(transaction, actor, row, {{}, {reader}}));
  return true;
}

}  // namespace lakelift::catalogue
