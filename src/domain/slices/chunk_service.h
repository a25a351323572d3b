// What a table is cut into, and what of it is held: cutting, looking, dropping.
//
//   TRY(const CutSummary cut, chunks.cut(admin, item_id, 1'000'000, stop));
//   TRY(const auto open, chunks.not_explored(caller, item_id));
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "domain/slices/chunk_store.h"

namespace lakelift::slices {

struct SliceServiceParts;

struct CutSummary {
  std::int64_t item_id = 0;
  std::int64_t most_rows = 0;
  std::int64_t chunks = 0;
  std::int64_t rows = 0;
  std::int64_t largest_rows = 0;  // of a chunk: more than most_rows where rows can't be told apart
};

// What of an item is held.
struct ItemHoldings {
  std::int64_t item_id = 0;
  std::optional<store::Cut> cut;
  bool is_stale = false;  // the cut is of data that have changed since
  std::int64_t chunks = 0;
  std::int64_t chunks_held = 0;
  std::int64_t rows = 0;
  std::int64_t rows_held = 0;
  std::vector<store::StoredPiece> pieces;
  std::vector<std::optional<accounts::Account>> paid_by;  // one a piece
};

// Threadsafe.
class ChunkService {
 public:
  explicit ChunkService(const SliceServiceParts& parts) : parts_(parts) {}

  // In place of the cut that the item has, whose pieces are dropped. Blocks while the data are read. Errors: kInvalid
  // BODY_DID_NOT_VALIDATE, field "max_rows"; COULD_NOT_FIND_CATALOGUEITEM; EXECUTOR_NOT_CONFIGURED; the executor's.
  [[nodiscard]] Result<CutSummary> cut(const accounts::Account& caller, std::int64_t item_id, std::int64_t most_rows,
                                       std::stop_token stop);
  // Takes the cut and all pieces away; fine where there is none.
  [[nodiscard]] Result<void> remove(const accounts::Account& caller, std::int64_t item_id);
  // Those that no request has touched; all of them with `only_unexplored` false. Errors: COULD_NOT_FIND_CATALOGUEITEM.
  [[nodiscard]] Result<std::vector<store::StoredChunk>> list(const accounts::Account& caller, std::int64_t item_id,
                                                             bool only_unexplored);
  [[nodiscard]] Result<ItemHoldings> holdings(const accounts::Account& caller, std::int64_t item_id);
  // The source has another version than the cut: what lies in partitions that have not changed stays held, the rest is
  // dropped. Nothing where there is no cut, or it is of this version.
  [[nodiscard]] Result<void> carry_over(const catalogue::CatalogueItem& item, const std::string& version);
  // Drops pieces by the settings: unused for too long, or more than is to be held; and the cuts of items that are gone.
  // How many pieces. Readers keep what they have opened.
  [[nodiscard]] Result<std::int64_t> tidy();

 private:
  [[nodiscard]] Result<std::int64_t> drop_of_gone_items();
  [[nodiscard]] Result<std::int64_t> drop_by_settings();

  const SliceServiceParts& parts_;
};

// {"@type": "chunk", id, catalogue_item_id, borders, count, data_path}: the contract's.
[[nodiscard]] json::object to_json(const store::StoredChunk& chunk);
[[nodiscard]] json::object to_json(const CutSummary& cut);
[[nodiscard]] json::object to_json(const ItemHoldings& holdings);

}  // namespace lakelift::slices
