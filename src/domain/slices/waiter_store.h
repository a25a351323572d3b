// What waiters call their requests, and who they are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "domain/slices/request_store.h"

namespace lakelift::slices::store {

struct Label {
  std::optional<std::string> name;
  std::optional<std::string> note;
};
// Fields that are nothing are left as they are.
struct LabelChange {
  std::optional<std::optional<std::string>> name;
  std::optional<std::optional<std::string>> note;
};

// False where the account does not wait for it.
[[nodiscard]] Result<bool> set_label(metadata::Transaction& tx, const Waiter& waiter, const LabelChange& change);
[[nodiscard]] Result<Label> label_of(metadata::Session& session, const Waiter& waiter);
// By request; those without any are left out.
[[nodiscard]] Result<std::map<std::int64_t, Label>> labels_of(metadata::Session& session, std::int64_t account_id);
// Ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> waiters_of(metadata::Session& session, std::int64_t request_id);

}  // namespace lakelift::slices::store
