// Cuts, chunks and pieces in the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/executor.h"
#include "backends/metadata/database.h"
#include "backends/storage/object_store.h"
#include "domain/objects/object_owner.h"
#include "domain/slices/planning/plan.h"
#include "domain/slices/run_store.h"

namespace lakelift::slices::store {

struct Cut {
  std::int64_t id = 0;
  std::int64_t item_id = 0;
  std::string source_version;
  std::int64_t most_rows = 0;
  Micros created_at = 0;
};

struct NewCut {
  std::int64_t item_id = 0;
  std::string source_version;
  std::int64_t most_rows = 0;
  std::optional<std::int64_t> created_by;
  Micros now = 0;
};

// A chunk as people see it.
struct StoredChunk {
  std::int64_t id = 0;
  std::int64_t item_id = 0;
  table::Box box;
  std::int64_t rows = 0;
  std::vector<executors::ChunkColumn> columns;
  std::optional<Micros> touched_at;
  std::optional<std::string> object_key;  // of the widest piece that has it
};

struct StoredPiece {
  std::int64_t id = 0;
  std::int64_t cut_id = 0;
  std::string source_version;
  std::vector<std::string> columns;
  std::vector<std::int64_t> chunks;
  objects::Reference object;
  std::int64_t rows = 0;
  std::string run_id;
  std::optional<std::int64_t> paid_by;
  std::int64_t scanned_bytes = 0;
  std::int64_t money_micros = 0;
  std::int64_t saved_bytes = 0;
  std::int64_t saved_micros = 0;
  bool has_stale_rows = false;  // its file has rows of chunks that have changed since
  Micros created_at = 0;
  Micros used_at = 0;
};

// In place of the item's cut and its pieces: their objects are returned, to be discarded in the same transaction.
[[nodiscard]] Result<std::vector<std::string>> replace_cut(metadata::Transaction& tx, const NewCut& cut,
                                                           const std::vector<executors::Chunk>& chunks,
                                                           const std::vector<std::string>& fingerprints);
// Takes the cut and its pieces away; returns the pieces' objects.
[[nodiscard]] Result<std::vector<std::string>> remove_cut(metadata::Transaction& tx, std::int64_t item_id);
// The item's cut, whatever version of the source it is of.
[[nodiscard]] Result<std::optional<Cut>> find_cut(metadata::Session& session, std::int64_t item_id);
// The items that are cut, ascending.
[[nodiscard]] Result<std::vector<std::int64_t>> cut_items(metadata::Session& session);
// The cut where it is of this version of the source, with what a plan needs of it.
struct CutHoldings {
  std::optional<Cut> cut;
  std::vector<CutPart> chunks;
  std::vector<StoredPiece> pieces;
};
[[nodiscard]] Result<CutHoldings> cut_holdings(metadata::Session& session, std::int64_t item_id,
                                               const std::string& source_version);
[[nodiscard]] Result<std::vector<StoredChunk>> chunks_of(metadata::Session& session, std::int64_t item_id);
[[nodiscard]] Result<std::vector<StoredPiece>> pieces_of(metadata::Session& session, std::int64_t item_id);
struct ChunkFingerprint {
  std::int64_t id = 0;
  table::Box box;
  std::string fingerprint;  // of the partitions that it may have rows of
};
[[nodiscard]] Result<std::vector<ChunkFingerprint>> fingerprints_of(metadata::Session& session, std::int64_t cut_id);
// The cut is of another version from now on; what is held of the changed chunks is no longer. Returns the objects of
// pieces that stand for nothing any more.
[[nodiscard]] Result<std::vector<std::string>> move_cut(metadata::Transaction& tx, const Cut& cut,
                                                        const std::string& version,
                                                        const std::vector<ChunkFingerprint>& changed);
// A request has asked for rows of them.
[[nodiscard]] Result<void> touch_chunks(metadata::Transaction& tx, const std::vector<std::int64_t>& chunks, Micros now);

struct NewPiece {
  std::int64_t item_id = 0;
  std::int64_t cut_id = 0;
  std::string source_version;
  Fetch fetch;
  storage::ObjectInfo object;
  std::int64_t rows = 0;
  std::string run_id;
  std::optional<std::int64_t> paid_by;
  std::int64_t scanned_bytes = 0;
  std::int64_t money_micros = 0;
  Micros now = 0;
};
struct KeptPiece {
  bool is_kept = false;                 // false: the cut is not there any more
  std::vector<std::string> superseded;  // objects of pieces that this one has all of: to be discarded
};
[[nodiscard]] Result<KeptPiece> keep_piece(metadata::Transaction& tx, const NewPiece& piece);
[[nodiscard]] Result<std::vector<StoredPiece>> pieces_of_run(metadata::Session& session, const std::string& run_id);
// What these pieces saved, in equal parts.
[[nodiscard]] Result<void> credit_pieces(metadata::Transaction& tx, const std::vector<std::int64_t>& pieces,
                                         std::int64_t saved_bytes, std::int64_t saved_micros, Micros now);
// Returns their objects.
[[nodiscard]] Result<std::vector<std::string>> remove_pieces(metadata::Transaction& tx,
                                                             const std::vector<std::int64_t>& pieces);
// Of pieces: those not used since `used_before`, and of the others the longest unused until no more than `most_bytes`
// are held in all. 0: no such limit.
[[nodiscard]] Result<std::vector<std::int64_t>> pieces_to_drop(metadata::Session& session, Micros used_before,
                                                               std::int64_t most_bytes);

// What answers of one day have saved, in bytes that the engine did not scan; what pieces cost beyond is taken off.
[[nodiscard]] Result<void> add_saving(metadata::Transaction& tx, std::int64_t item_id, Micros now, std::int64_t bytes);
[[nodiscard]] Result<std::int64_t> saved_today(metadata::Session& session, std::int64_t item_id, Micros now);

}  // namespace lakelift::slices::store
