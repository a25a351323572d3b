#include "domain/slices/chunk_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "domain/slices/chunk_columns.h"

namespace lakelift::slices::store {
namespace {

using metadata::Session;
using metadata::Transaction;

constexpr Micros kMicrosPerDay = 86'400LL * 1'000'000;
constexpr std::size_t kIdsPerQuery = 500;

std::unexpected<Error> broken() { return fail(Code::kCorrupt, "a stored chunk can't be read"); }

Result<table::Box> box_from_text(const std::string& text) {
  TRY(const json::value value, parse_json(text));
  TRY(const table::Region region, table::region_from_json(value));
  if (region.size() != 1) return broken();
  return region.front();
}

std::string text_of(const table::Box& box) { return json::serialize(table::to_json(table::Region{box})); }

Result<std::vector<std::string>> names_from_text(const std::string& text) {
  TRY(const json::value value, parse_json(text));
  if (!value.is_array()) return broken();
  std::vector<std::string> names;
  for (const auto& name : value.get_array()) {
    if (!name.is_string()) return broken();
    names.emplace_back(name.get_string());
  }
  return names;
}

std::string text_of(const std::vector<std::string>& names) {
  return json::serialize(json::array(names.begin(), names.end()));
}

// "?, ?, ?" for so many, and the ids as parameters.
std::string marks_for(std::size_t count) {
  std::string marks = "?";
  for (std::size_t i = 1; i < count; ++i) marks += ", ?";
  return marks;
}

// Calls `work` with the ids in parts that one statement can take.
template <typename Work>
Result<void> in_parts(const std::vector<std::int64_t>& ids, Work work) {
  for (std::size_t from = 0; from < ids.size(); from += kIdsPerQuery) {
    const std::size_t to = std::min(ids.size(), from + kIdsPerQuery);
    const metadata::Params some(ids.begin() + static_cast<std::ptrdiff_t>(from),
                                ids.begin() + static_cast<std::ptrdiff_t>(to));
    TRY_VOID(work(marks_for(some.size()), some));
  }
  return {};
}

Result<std::vector<std::string>> objects_where(Session& session, std::string_view where,
                                               const metadata::Params& params) {
  TRY(auto rows, session.rows<std::string>(fmt::format("SELECT object_key FROM slices_pieces {}", where), params));
  std::vector<std::string> keys;
  for (auto& [key] : rows) keys.push_back(std::move(key));
  return keys;
}

Result<std::vector<StoredPiece>> pieces_where(Session& session, std::string_view where,
                                              const metadata::Params& params) {
  TRY(auto rows,
      (session.rows<std::int64_t, std::int64_t, std::string, std::string, std::string, std::int64_t, std::string,
                    std::int64_t, std::string, std::optional<std::int64_t>, std::int64_t, std::int64_t, std::int64_t,
                    std::int64_t, bool, std::int64_t, std::int64_t>(
          fmt::format("SELECT id, cut_id, source_version, columns, object_key, size_bytes, sha256, row_count,"
                      " run_id, paid_by, scanned_bytes, money_micros, saved_bytes, saved_micros,"
                      " has_stale_rows, created_at, used_at FROM slices_pieces {} ORDER BY id",
                      where),
          params)));
  std::vector<StoredPiece> out;
  std::map<std::int64_t, std::size_t> position;
  std::vector<std::int64_t> ids;
  for (auto& [id, cut_id, version, columns, key, size, sha256, row_count, run_id, paid_by, scanned, money, saved,
              saved_money, is_stale, created_at, used_at] : rows) {
    TRY(auto names, names_from_text(columns));
    position[id] = out.size();
    ids.push_back(id);
    out.push_back({id,
                   cut_id,
                   std::move(version),
                   std::move(names),
                   {},
                   {std::move(key), static_cast<std::uint64_t>(size), std::move(sha256)},
                   row_count,
                   std::move(run_id),
                   paid_by,
                   scanned,
                   money,
                   saved,
                   saved_money,
                   is_stale,
                   created_at,
                   used_at});
  }
  const auto linked = in_parts(ids, [&](const std::string& marks, const metadata::Params& some) -> Result<void> {
    TRY(auto pairs, (session.rows<std::int64_t, std::int64_t>(
                        fmt::format("SELECT piece_id, chunk_id FROM slices_piece_chunks WHERE piece_id IN ({})"
                                    " ORDER BY piece_id, chunk_id",
                                    marks),
                        some)));
    for (const auto& [piece, chunk] : pairs) out[position.at(piece)].chunks.push_back(chunk);
    return {};
  });
  if (!linked) return std::unexpected(linked.error());
  return out;
}

Result<std::vector<CutPart>> parts_of(Session& session, std::int64_t cut_id) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::int64_t>(
                     "SELECT id, box, row_count FROM slices_chunks WHERE cut_id = ? ORDER BY id", {cut_id})));
  std::vector<CutPart> parts;
  for (const auto& [id, box, row_count] : rows) {
    TRY(auto read, box_from_text(box));
    parts.push_back({id, std::move(read), row_count});
  }
  return parts;
}

}  // namespace

Result<std::vector<std::string>> remove_cut(Transaction& tx, std::int64_t item_id) {
  TRY(auto keys, objects_where(tx, "WHERE item_id = ?", {item_id}));
  TRY_VOID(tx.exec("DELETE FROM slices_piece_chunks WHERE piece_id IN (SELECT id FROM slices_pieces WHERE item_id = ?)",
                   {item_id}));
  for (const char* table : {"slices_pieces", "slices_chunks", "slices_cuts"}) {
    TRY_VOID(tx.exec(fmt::format("DELETE FROM {} WHERE item_id = ?", table), {item_id}));
  }
  return keys;
}

Result<std::vector<std::string>> replace_cut(Transaction& tx, const NewCut& cut,
                                             const std::vector<executors::Chunk>& chunks,
                                             const std::vector<std::string>& fingerprints) {
  TRY(auto keys, remove_cut(tx, cut.item_id));
  TRY(auto row, tx.row<std::int64_t>("INSERT INTO slices_cuts (item_id, source_version, most_rows, created_by,"
                                     " created_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
                                     {cut.item_id, cut.source_version, cut.most_rows, cut.created_by, cut.now}));
  if (!row) return fail(Code::kInternal, "a cut was not stored");
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto& chunk = chunks[i];
    TRY_VOID(
        tx.exec("INSERT INTO slices_chunks (cut_id, item_id, box, row_count, columns, fingerprint)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                {std::get<0>(*row), cut.item_id, text_of(chunk.box), chunk.rows,
                 json::serialize(chunk_columns_to_json(chunk.columns)), fingerprints.at(i)}));
  }
  return keys;
}

Result<std::optional<Cut>> find_cut(Session& session, std::int64_t item_id) {
  TRY(auto row, (session.row<std::int64_t, std::string, std::int64_t, std::int64_t>(
                    "SELECT id, source_version, most_rows, created_at FROM slices_cuts WHERE item_id = ?"
                    " ORDER BY id DESC LIMIT 1",
                    {item_id})));
  if (!row) return std::nullopt;
  auto& [id, version, most_rows, created_at] = *row;
  return Cut{id, item_id, std::move(version), most_rows, created_at};
}

Result<std::vector<std::int64_t>> cut_items(Session& session) {
  TRY(const auto rows, session.rows<std::int64_t>("SELECT DISTINCT item_id FROM slices_cuts ORDER BY item_id"));
  std::vector<std::int64_t> items;
  for (const auto& [id] : rows) items.push_back(id);
  return items;
}

Result<CutHoldings> cut_holdings(Session& session, std::int64_t item_id, const std::string& source_version) {
  CutHoldings out;
  TRY(out.cut, find_cut(session, item_id));
  if (!out.cut || out.cut->source_version != source_version) return CutHoldings{};
  TRY(out.chunks, parts_of(session, out.cut->id));
  TRY(out.pieces, pieces_where(session, "WHERE item_id = ? AND cut_id = ?", {item_id, out.cut->id}));
  return out;
}

Result<std::vector<StoredChunk>> chunks_of(Session& session, std::int64_t item_id) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::int64_t, std::string, std::optional<std::int64_t>,
                               std::optional<std::string>>(
                     "SELECT c.id, c.box, c.row_count, c.columns, c.touched_at,"
                     " (SELECT p.object_key FROM slices_piece_chunks pc JOIN slices_pieces p ON p.id = pc.piece_id"
                     "  WHERE pc.chunk_id = c.id ORDER BY p.size_bytes DESC, p.id LIMIT 1)"
                     " FROM slices_chunks c WHERE c.item_id = ? ORDER BY c.id",
                     {item_id})));
  std::vector<StoredChunk> out;
  for (auto& [id, box, row_count, columns, touched_at, key] : rows) {
    StoredChunk chunk{id, item_id, {}, row_count, {}, touched_at, std::move(key)};
    TRY(chunk.box, box_from_text(box));
    TRY(const json::value value, parse_json(columns));
    TRY(chunk.columns, chunk_columns_from_json(value));
    out.push_back(std::move(chunk));
  }
  return out;
}

Result<std::vector<StoredPiece>> pieces_of(Session& session, std::int64_t item_id) {
  return pieces_where(session, "WHERE item_id = ?", {item_id});
}

Result<std::vector<ChunkFingerprint>> fingerprints_of(Session& session, std::int64_t cut_id) {
  TRY(auto rows, (session.rows<std::int64_t, std::string, std::string>(
                     "SELECT id, box, fingerprint FROM slices_chunks WHERE cut_id = ? ORDER BY id", {cut_id})));
  std::vector<ChunkFingerprint> out;
  for (auto& [id, text, fingerprint] : rows) {
    TRY(auto box, box_from_text(text));
    out.push_back({id, std::move(box), std::move(fingerprint)});
  }
  return out;
}

Result<std::vector<std::string>> move_cut(Transaction& tx, const Cut& cut, const std::string& version,
                                          const std::vector<ChunkFingerprint>& changed) {
  for (const auto& chunk : changed) {
    TRY_VOID(
        tx.exec("UPDATE slices_pieces SET has_stale_rows = 1 WHERE id IN"
                " (SELECT piece_id FROM slices_piece_chunks WHERE chunk_id = ?)",
                {chunk.id}));
    TRY_VOID(tx.exec("DELETE FROM slices_piece_chunks WHERE chunk_id = ?", {chunk.id}));
    TRY_VOID(tx.exec("UPDATE slices_chunks SET fingerprint = ? WHERE id = ?", {chunk.fingerprint, chunk.id}));
  }
  constexpr std::string_view kEmpty =
      "WHERE cut_id = ? AND NOT EXISTS (SELECT 1 FROM slices_piece_chunks c WHERE c.piece_id = slices_pieces.id)";
  TRY(auto keys, objects_where(tx, kEmpty, {cut.id}));
  TRY_VOID(tx.exec(fmt::format("DELETE FROM slices_pieces {}", kEmpty), {cut.id}));
  TRY_VOID(tx.exec("UPDATE slices_pieces SET source_version = ? WHERE cut_id = ?", {version, cut.id}));
  TRY_VOID(tx.exec("UPDATE slices_cuts SET source_version = ? WHERE id = ?", {version, cut.id}));
  return keys;
}

Result<void> touch_chunks(Transaction& tx, const std::vector<std::int64_t>& chunks, Micros now) {
  return in_parts(chunks, [&](const std::string& marks, const metadata::Params& some) -> Result<void> {
    metadata::Params params{now};
    params.insert(params.end(), some.begin(), some.end());
    TRY_VOID(tx.exec(
        fmt::format("UPDATE slices_chunks SET touched_at = ? WHERE touched_at IS NULL AND id IN ({})", marks), params));
    return {};
  });
}

Result<KeptPiece> keep_piece(Transaction& tx, const NewPiece& piece) {
  TRY(const auto cut, find_cut(tx, piece.item_id));
  if (!cut || cut->id != piece.cut_id || cut->source_version != piece.source_version) return KeptPiece{};
  KeptPiece kept{true, {}};
  // What an older piece has, this one has too: nobody will need that again.
  TRY(const auto others, pieces_where(tx, "WHERE item_id = ? AND cut_id = ?", {piece.item_id, piece.cut_id}));
  std::vector<std::int64_t> superseded;
  for (const auto& other : others) {
    if (!std::ranges::includes(piece.fetch.columns, other.columns) ||
        !std::ranges::includes(piece.fetch.chunks, other.chunks)) {
      continue;
    }
    superseded.push_back(other.id);
  }
  TRY(kept.superseded, remove_pieces(tx, superseded));
  TRY(auto row, tx.row<std::int64_t>(
                    "INSERT INTO slices_pieces (item_id, cut_id, source_version, columns, object_key, size_bytes,"
                    " sha256, row_count, run_id, paid_by, scanned_bytes, money_micros, saved_bytes, saved_micros,"
                    " has_stale_rows, created_at, used_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?) RETURNING id",
                    {piece.item_id, piece.cut_id, piece.source_version, text_of(piece.fetch.columns), piece.object.key,
                     piece.object.size_bytes, piece.object.sha256, piece.rows, piece.run_id, piece.paid_by,
                     piece.scanned_bytes, piece.money_micros, piece.now, piece.now}));
  if (!row) return fail(Code::kInternal, "a piece was not stored");
  for (const std::int64_t chunk : piece.fetch.chunks) {
    TRY_VOID(tx.exec("INSERT INTO slices_piece_chunks (piece_id, chunk_id) VALUES (?, ?)", {std::get<0>(*row), chunk}));
  }
  return kept;
}

Result<std::vector<StoredPiece>> pieces_of_run(Session& session, const std::string& run_id) {
  return pieces_where(session, "WHERE run_id = ?", {run_id});
}

Result<void> credit_pieces(Transaction& tx, const std::vector<std::int64_t>& pieces, std::int64_t saved_bytes,
                           std::int64_t saved_micros, Micros now) {
  if (pieces.empty()) return {};
  const auto count = static_cast<std::int64_t>(pieces.size());
  return in_parts(pieces, [&](const std::string& marks, const metadata::Params& some) -> Result<void> {
    metadata::Params params{std::max<std::int64_t>(0, saved_bytes) / count,
                            std::max<std::int64_t>(0, saved_micros) / count, now};
    params.insert(params.end(), some.begin(), some.end());
    TRY_VOID(tx.exec(fmt::format("UPDATE slices_pieces SET saved_bytes = saved_bytes + ?, saved_micros = saved_micros"
                                 " + ?, used_at = ? WHERE id IN ({})",
                                 marks),
                     params));
    return {};
  });
}

Result<std::vector<std::string>> remove_pieces(Transaction& tx, const std::vector<std::int64_t>& pieces) {
  std::vector<std::string> keys;
  const auto removed = in_parts(pieces, [&](const std::string& marks, const metadata::Params& some) -> Result<void> {
    TRY(auto found, objects_where(tx, fmt::format("WHERE id IN ({})", marks), some));
    keys.insert(keys.end(), found.begin(), found.end());
    TRY_VOID(tx.exec(fmt::format("DELETE FROM slices_piece_chunks WHERE piece_id IN ({})", marks), some));
    TRY_VOID(tx.exec(fmt::format("DELETE FROM slices_pieces WHERE id IN ({})", marks), some));
    return {};
  });
  if (!removed) return std::unexpected(removed.error());
  return keys;
}

Result<std::vector<std::int64_t>> pieces_to_drop(Session& session, Micros used_before, std::int64_t most_bytes) {
  TRY(auto rows, (session.rows<std::int64_t, std::int64_t, std::int64_t>(
                     "SELECT id, size_bytes, used_at FROM slices_pieces ORDER BY used_at DESC, id DESC")));
  std::vector<std::int64_t> out;
  std::int64_t held = 0;
  for (const auto& [id, size, used_at] : rows) {
    const bool is_old = used_before > 0 && used_at < used_before;
    const bool is_too_much = most_bytes > 0 && held + size > most_bytes;
    if (is_old || is_too_much) {
      out.push_back(id);
    } else {
      held += size;
    }
  }
  return out;
}

Result<void> add_saving(Transaction& tx, std::int64_t item_id, Micros now, std::int64_t bytes) {
  TRY_VOID(
      tx.exec("INSERT INTO slices_savings (item_id, day, saved_bytes) VALUES (?, ?, ?)"
              " ON CONFLICT (item_id, day) DO UPDATE SET saved_bytes = slices_savings.saved_bytes +"
              " excluded.saved_bytes",
              {item_id, now / kMicrosPerDay, bytes}));
  return {};
}

Result<std::int64_t> saved_today(Session& session, std::int64_t item_id, Micros now) {
  TRY(auto row, session.row<std::int64_t>("SELECT saved_bytes FROM slices_savings WHERE item_id = ? AND day = ?",
                                          {item_id, now / kMicrosPerDay}));
  return row ? std::get<0>(*row) : 0;
}

}  // namespace lakelift::slices::store
