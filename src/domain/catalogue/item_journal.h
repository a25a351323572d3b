// The one way by which a change of an item becomes known: its row in the ledger, what search knows of it, notices to
// those who follow it. Every change ends here, in its own transaction.
#pragma once

#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "backends/ledger/ledger.h"
#include "backends/metadata/database.h"
#include "domain/catalogue/item_store.h"
#include "domain/catalogue/reader_store.h"
#include "domain/notices/notice_service.h"

namespace lakelift::catalogue {

// Account ids; nothing: the server itself.
using Actor = std::optional<std::int64_t>;

struct ReaderChange {
  std::set<ReaderKey> added;
  std::set<ReaderKey> removed;
  [[nodiscard]] bool empty() const { return added.empty() && removed.empty(); }
};

// Threadsafe.
class ItemJournal {
 public:
  ItemJournal(const ledger::Ledger& ledger) : ledger_(ledger) {}
  // Without it nobody is told; set before the first change.
  void set_notices(notices::NoticeService* notices) { notices_ = notices; }

  [[nodiscard]] Result<void> created(metadata::Transaction& transaction, Actor actor, const ItemRow& row) const;
  // `after` is stored already. `kind`: "catalogue_item.updated", "catalogue_item.profiled".
  [[nodiscard]] Result<void> changed(metadata::Transaction& transaction, Actor actor, std::string_view kind,
                                     const ItemRow& before, const ItemRow& after) const;
  // Readers are stored already: kReadersChanged. Who lost sight of the item stops following it.
  [[nodiscard]] Result<void> readers_changed(metadata::Transaction& transaction, Actor actor, const ItemRow& row,
                                             const ReaderChange& change) const;
  // Also removes what hangs on the item: readers, followers.
  [[nodiscard]] Result<void> deleted(metadata::Transaction& transaction, Actor actor, const ItemRow& row) const;

 private:
  [[nodiscard]] Result<void> append(metadata::Transaction& transaction, Actor actor, std::string_view kind,
                                    const CatalogueItem& item, json::object changes) const;
  // Followers that no longer see the item are dropped; the others hear of `fields`, where there are any.
  [[nodiscard]] Result<void> tell(metadata::Transaction& transaction, Actor actor, const ItemRow& row,
                                  const std::vector<std::string>& fields) const;

  const ledger::Ledger& ledger_;
  notices::NoticeService* notices_ = nullptr;
};

// The kind of entry that only those who decide about readers may see whole.
inline constexpr std::string_view kReadersChanged = "catalogue_item.readers_changed";

}  // namespace lakelift::catalogue
