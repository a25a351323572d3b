#include "domain/slices/chunk_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "domain/slices/aged_version.h"
#include "domain/slices/chunk_columns.h"
#include "domain/slices/slice_service.h"
#include "domain/slices/stale_store.h"

namespace lakelift::slices {
namespace {

constexpr std::size_t kSeedDigits = 15;

std::unexpected<Error> wrong_rows() {
  const std::string text = "A whole number of at least 1 is required.";
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", text, {{"max_rows", {text}}});
}

std::unexpected<Error> no_such_item(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM", fmt::format("there is no catalogue item {}", id));
}

// Equal data are cut equally.
std::uint64_t seed_of(const std::string& version) {
  return std::stoull(sha256_hex(version).substr(0, kSeedDigits), nullptr, 16);
}

// Of the partitions that a chunk may have rows of.
std::string fingerprint_of(const table::Box& box, const std::vector<executors::PartitionState>& partitions) {
  std::string all;
  for (const auto& partition : partitions) {
    if (table::may_overlap(box, partition.box)) all += partition.fingerprint + "\n";
  }
  return sha256_hex(all);
}

ledger::Entry cut_entry(const accounts::Account& caller, const CutSummary& summary) {
  ledger::Entry entry;
  entry.kind = "chunks.cut";
  entry.actor = caller.id;
  entry.subject_kind = "catalogue_item";
  entry.subject_id = std::to_string(summary.item_id);
  entry.rows = summary.rows;
  entry.detail = {{"chunks", summary.chunks}, {"max_rows", summary.most_rows}};
  return entry;
}

ledger::Entry dropped_entry(std::string why, std::size_t pieces) {
  ledger::Entry entry;
  entry.kind = "chunks.dropped";
  entry.subject_kind = "server";
  entry.subject_id = "chunks";
  entry.detail = {{"why", std::move(why)}, {"pieces", pieces}};
  return entry;
}

}  // namespace

Result<CutSummary> ChunkService::cut(const accounts::Account& caller, std::int64_t item_id, std::int64_t most_rows,
                                     std::stop_token stop) {
  if (most_rows < 1) return wrong_rows();
  TRY(const auto item, parts_.catalogue.get(caller, item_id));
  TRY(const auto executor, parts_.executors.get(item.executor_type));
  const executors::Source source = effective_source(item);
  TRY(const std::string engine_version, executor->version(source));
  TRY(const std::string version, parts_.database.write([&](metadata::Transaction& tx) {
    return store::version_for_asking(tx, item, engine_version, parts_.clock.now());
  }));
  TRY(auto chunks, executor->cut(source, item.spec, {most_rows, seed_of(engine_version)}, stop));
  TRY(const auto partitions, executor->partitions(source, item.spec));
  TRY(const std::string after, executor->version(source));
  if (after != engine_version) return fail(Code::kUnavailable, "the data changed while they were cut; try again");
  CutSummary summary{item_id, most_rows, static_cast<std::int64_t>(chunks.size()), 0, 0};
  std::vector<std::string> fingerprints;
  for (const auto& chunk : chunks) {
    summary.rows += chunk.rows;
    summary.largest_rows = std::max(summary.largest_rows, chunk.rows);
    fingerprints.push_back(fingerprint_of(chunk.box, partitions));
  }
  const store::NewCut fresh{item_id, version, most_rows, caller.id, parts_.clock.now()};
  const auto stored = parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const auto objects, store::replace_cut(tx, fresh, chunks, fingerprints));
    TRY_VOID(parts_.keeper.discard(tx, objects));
    TRY_VOID(parts_.ledger.append(tx, cut_entry(caller, summary)));
    return {};
  });
  if (!stored) return std::unexpected(stored.error());
  return summary;
}

Result<void> ChunkService::remove(const accounts::Account& caller, std::int64_t item_id) {
  TRY_VOID(parts_.catalogue.get(caller, item_id));
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const auto cut, store::find_cut(tx, item_id));
    if (!cut) return {};
    TRY(const auto objects, store::remove_cut(tx, item_id));
    TRY_VOID(parts_.keeper.discard(tx, objects));
    auto entry = cut_entry(caller, {item_id, cut->most_rows, 0, 0, 0});
    entry.kind = "chunks.removed";
    TRY_VOID(parts_.ledger.append(tx, entry));
    return {};
  });
}

Result<std::vector<store::StoredChunk>> ChunkService::list(const accounts::Account& caller, std::int64_t item_id,
                                                           bool only_unexplored) {
  const auto item = parts_.catalogue.get(caller, item_id);
  if (!item && item.error().code == Code::kNotFound) return no_such_item(item_id);
  if (!item) return std::unexpected(item.error());
  TRY(auto chunks,
      parts_.database.read([&](metadata::Session& session) { return store::chunks_of(session, item_id); }));
  if (only_unexplored) std::erase_if(chunks, [](const auto& chunk) { return chunk.touched_at.has_value(); });
  return chunks;
}

Result<ItemHoldings> ChunkService::holdings(const accounts::Account& caller, std::int64_t item_id) {
  TRY(const auto item, parts_.catalogue.get(caller, item_id));
  ItemHoldings out;
  out.item_id = item_id;
  std::vector<store::StoredChunk> chunks;
  TRY_VOID(parts_.database.read([&](metadata::Session& session) -> Result<void> {
    TRY(out.cut, store::find_cut(session, item_id));
    TRY(chunks, store::chunks_of(session, item_id));
    TRY(out.pieces, store::pieces_of(session, item_id));
    return {};
  }));
  std::set<std::int64_t> held;
  for (const auto& piece : out.pieces) held.insert(piece.chunks.begin(), piece.chunks.end());
  for (const auto& chunk : chunks) {
    ++out.chunks;
    out.rows += chunk.rows;
    if (!held.contains(chunk.id)) continue;
    ++out.chunks_held;
    out.rows_held += chunk.rows;
  }
  out.is_stale = out.cut && engine_version_of(out.cut->source_version) != item.source_version;
  for (const auto& piece : out.pieces) {
    auto account = piece.paid_by ? parts_.accounts.get(*piece.paid_by) : Result<accounts::Account>();
    out.paid_by.push_back(piece.paid_by && account ? std::optional(*std::move(account)) : std::nullopt);
  }
  return out;
}

Result<void> ChunkService::carry_over(const catalogue::CatalogueItem& item, const std::string& version) {
  const auto find_cut = [&](metadata::Session& session) { return store::find_cut(session, item.id); };
  TRY(const auto before, parts_.database.read(find_cut));
  if (!before || before->source_version == version) return {};
  TRY(const auto executor, parts_.executors.get(item.executor_type));
  TRY(const auto partitions, executor->partitions(effective_source(item), item.spec));
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<void> {
    TRY(const auto cut, find_cut(tx));
    if (!cut || cut->id != before->id || cut->source_version != before->source_version) return {};
    // A new age: what is held counts no longer, whatever the engine says of its version.
    const bool is_too_old = age_began(cut->source_version) != age_began(version);
    TRY(const auto stored, store::fingerprints_of(tx, cut->id));
    std::vector<store::ChunkFingerprint> changed;
    for (const auto& chunk : stored) {
      std::string now = fingerprint_of(chunk.box, partitions);
      if (now != chunk.fingerprint || is_too_old) changed.push_back({chunk.id, {}, std::move(now)});
    }
    TRY(const auto objects, store::move_cut(tx, *cut, version, changed));
    TRY_VOID(parts_.keeper.discard(tx, objects));
    if (!objects.empty()) TRY_VOID(parts_.ledger.append(tx, dropped_entry("the source changed", objects.size())));
    return {};
  });
}

Result<std::int64_t> ChunkService::tidy() {
  TRY(const std::int64_t of_gone, drop_of_gone_items());
  TRY(const std::int64_t by_settings, drop_by_settings());
  return of_gone + by_settings;
}

Result<std::int64_t> ChunkService::drop_of_gone_items() {
  TRY(const auto items, parts_.database.read([](metadata::Session& session) { return store::cut_items(session); }));
  std::int64_t dropped = 0;
  for (const std::int64_t id : items) {
    const auto item = parts_.catalogue.get(id);
    if (item || item.error().code != Code::kNotFound) continue;
    TRY(const std::int64_t some, parts_.database.write([&](metadata::Transaction& tx) -> Result<std::int64_t> {
      TRY(const auto objects, store::remove_cut(tx, id));
      TRY_VOID(parts_.keeper.discard(tx, objects));
      return static_cast<std::int64_t>(objects.size());
    }));
    dropped += some;
  }
  return dropped;
}

Result<std::int64_t> ChunkService::drop_by_settings() {
  const SliceSettings& settings = parts_.settings;
  if (settings.chunks_unused_seconds <= 0 && settings.chunks_bytes <= 0) return 0;
  const Micros before =
      settings.chunks_unused_seconds > 0 ? parts_.clock.now() - settings.chunks_unused_seconds * kMicrosPerSecond : 0;
  const auto to_drop = [&](metadata::Session& session) {
    return store::pieces_to_drop(session, before, settings.chunks_bytes);
  };
  TRY(const auto any, parts_.database.read(to_drop));
  if (any.empty()) return 0;
  return parts_.database.write([&](metadata::Transaction& tx) -> Result<std::int64_t> {
    TRY(const auto pieces, to_drop(tx));
    TRY(const auto objects, store::remove_pieces(tx, pieces));
    TRY_VOID(parts_.keeper.discard(tx, objects));
    if (!pieces.empty()) TRY_VOID(parts_.ledger.append(tx, dropped_entry("not used, or too much", pieces.size())));
    return static_cast<std::int64_t>(pieces.size());
  });
}

json::object to_json(const store::StoredChunk& chunk) {
  json::array borders = chunk_columns_to_json(chunk.columns);
  return {{"@type", "chunk"},
          {"id", chunk.id},
          {"catalogue_item_id", chunk.item_id},
          {"borders", std::move(borders)},
          {"count", chunk.rows},
          {"data_path", chunk.object_key ? json::value(*chunk.object_key) : json::value(nullptr)},
          {"box", table::to_json(table::Region{chunk.box}).at(0)}};
}

json::object to_json(const CutSummary& cut) {
  return {
      {"@type", "cut"},   {"catalogue_item_id", cut.item_id},      {"max_rows", cut.most_rows}, {"chunks", cut.chunks},
      {"rows", cut.rows}, {"largest_chunk_rows", cut.largest_rows}};
}

json::object to_json(const ItemHoldings& holdings) {
  json::array pieces;
  for (std::size_t i = 0; i < holdings.pieces.size(); ++i) {
    const auto& piece = holdings.pieces[i];
    const auto& paid_by = holdings.paid_by[i];
    pieces.push_back(
        json::object{{"id", piece.id},
                     {"columns", json::array(piece.columns.begin(), piece.columns.end())},
                     {"chunks", json::array(piece.chunks.begin(), piece.chunks.end())},
                     {"rows", piece.rows},
                     {"size_bytes", piece.object.size_bytes},
                     {"held_since", iso8601(piece.created_at)},
                     {"last_used_at", iso8601(piece.used_at)},
                     {"paid_by", paid_by ? json::value(accounts::to_json(*paid_by)) : json::value(nullptr)},
                     {"scanned_bytes", piece.scanned_bytes},
                     {"money_micros", piece.money_micros},
                     {"saved_bytes", piece.saved_bytes},
                     {"saved_micros", piece.saved_micros}});
  }
  json::value cut = nullptr;
  if (holdings.cut) {
    cut = json::object{{"max_rows", holdings.cut->most_rows},
                       {"cut_at", iso8601(holdings.cut->created_at)},
                       {"is_stale", holdings.is_stale}};
  }
  return {{"@type", "item_holdings"},
          {"catalogue_item_id", holdings.item_id},
          {"cut", std::move(cut)},
          {"chunks", holdings.chunks},
          {"chunks_held", holdings.chunks_held},
          {"rows", holdings.rows},
          {"rows_held", holdings.rows_held},
          {"pieces", std::move(pieces)}};
}

}  // namespace lakelift::slices
