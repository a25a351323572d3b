// Which place new content goes to, and which others still hold some: in the database, for all who share it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/metadata/database.h"
#include "backends/storage/places.h"
#include "base/clock.h"
#include "domain/objects/owners.h"

namespace lakelift::objects {

inline constexpr std::string_view kDiskPlace = "disk";

// Threadsafe.
class PlaceBook {
 public:
  PlaceBook(metadata::Database& database, const Owners& owners, storage::Places& places, const Clock& clock,
            std::string mover, bool sole_owner)
      : database_(database),
        owners_(owners),
        places_(places),
        clock_(clock),
        mover_(std::move(mover)),
        sole_owner_(sole_owner) {}

  // At start: what is kept where. A new database begins with the first of the places; one that is older than this book
  // has its content on the disk. Error: kInvalid CONFIGURATION_DID_NOT_VALIDATE where a place that holds content is not
  // among the places.
  [[nodiscard]] Result<void> load();
  // On a shared database another server may have begun a move; costs a look at most once a second.
  void refresh_when_due();

  // In a transaction: content goes to `name` from now on, and leaves all others. False: it does so already. `name` is
  // one of the places.
  [[nodiscard]] Result<bool> move_to(metadata::Transaction& transaction, const std::string& name);
  // Places that content leaves.
  [[nodiscard]] Result<std::vector<std::string>> leaving();
  // That this process alone moves what is in it, for a while; false: another one does.
  [[nodiscard]] Result<bool> lease(const std::string& name);
  // There is nothing left in it. In a transaction.
  [[nodiscard]] Result<void> left(metadata::Transaction& transaction, const std::string& name);

 private:
  struct Row {
    std::string name;
    std::string state;
  };
  [[nodiscard]] static Result<std::vector<Row>> rows(metadata::Session& session);
  [[nodiscard]] Result<std::vector<Row>> begin(metadata::Transaction& transaction);
  void apply(const std::vector<Row>& rows);
  // A folder of this server, of which the others that share the database know nothing.
  [[nodiscard]] bool is_own(const std::string& name) const { return !sole_owner_ && name == kDiskPlace; }

  metadata::Database& database_;
  const Owners& owners_;
  storage::Places& places_;
  const Clock& clock_;
  const std::string mover_;
  const bool sole_owner_;
  std::mutex mutex_;
  Micros looked_at_ = 0;  // monotonic
};

}  // namespace lakelift::objects
