// Naming readers inside a transaction: stored, journalled, and whoever asked for access hears of it.
#pragma once

#include "domain/catalogue/item_journal.h"

namespace lakelift::catalogue {

// The item names exactly these from now on; what changed is for the caller to journal. Error: kInvalid
// BODY_DID_NOT_VALIDATE above limits::kReaders.
[[nodiscard]] Result<ReaderChange> store_readers(metadata::Transaction& transaction, Actor actor, const ItemRow& row,
                                                 const NamedReaders& wanted, Micros at);
// The same, journalled.
[[nodiscard]] Result<void> set_readers(metadata::Transaction& transaction, const ItemJournal& journal, Actor actor,
                                       const ItemRow& row, const NamedReaders& wanted, Micros at);
// False where the item named it before. Error: as above.
[[nodiscard]] Result<bool> add_reader(metadata::Transaction& transaction, const ItemJournal& journal, Actor actor,
                                      const ItemRow& row, ReaderKey reader, Micros at);
// False where the item did not name it.
[[nodiscard]] Result<bool> remove_reader(metadata::Transaction& transaction, const ItemJournal& journal, Actor actor,
                                         const ItemRow& row, ReaderKey reader);

}  // namespace lakelift::catalogue
