// The SQL of catalogue_readers: whom an item names.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "backends/metadata/database.h"
#include "base/clock.h"
#include "domain/catalogue/rights.h"

namespace lakelift::catalogue {

enum class ReaderKind { kAccount, kGroup };
[[nodiscard]] std::string_view name_of(ReaderKind kind);  // account group
[[nodiscard]] std::optional<ReaderKind> reader_kind_of(std::string_view name);

struct ReaderKey {
  ReaderKind kind = ReaderKind::kAccount;
  std::int64_t id = 0;
  auto operator<=>(const ReaderKey&) const = default;
};

// False where the item named it before.
[[nodiscard]] Result<bool> insert_reader(metadata::Transaction& transaction, std::int64_t item_id, ReaderKey reader,
                                         std::optional<std::int64_t> granted_by, Micros at);
// False where the item did not name it.
[[nodiscard]] Result<bool> delete_reader(metadata::Transaction& transaction, std::int64_t item_id, ReaderKey reader);
[[nodiscard]] Result<void> delete_readers(metadata::Transaction& transaction, std::int64_t item_id);
[[nodiscard]] Result<NamedReaders> named_readers(metadata::Session& session, std::int64_t item_id);
// Of many items at once; those that name nobody are left out.
[[nodiscard]] Result<std::map<std::int64_t, NamedReaders>> named_readers_of(metadata::Session& session,
                                                                            const std::vector<std::int64_t>& item_ids);
[[nodiscard]] Result<std::vector<std::int64_t>> items_naming(metadata::Session& session, ReaderKey reader);

// "?, ?, ?" for `count` values, at most kValuesInList.
inline constexpr std::size_t kValuesInList = 500;
[[nodiscard]] std::string placeholders(std::size_t count);

}  // namespace lakelift::catalogue
