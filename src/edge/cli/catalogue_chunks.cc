// `lakelift catalogue chunk|held`: what a table is cut into, and what of it is held.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/cli_limits.h"
#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct ChunkOptions {
  std::string item;
  std::int64_t max_rows = 0;
  bool remove = false;
};

Result<void> chunk(Session& session, const ChunkOptions& options) {
  if (options.max_rows < 1 && !options.remove) {
    return fail(Code::kInvalid, "USAGE", "say how many rows a chunk may have: --max-rows 1000000");
  }
  TRY(Api * api, session.api());
  TRY(const FoundItem found, find_item(*api, options.item));
  const std::string path = fmt::format("/catalogue/items/{}/chunks", found.id);
  if (options.remove) {
    TRY_VOID(api->call({.method = "DELETE", .path = path, .body = {}, .repeatable = false}));
    session.note(fmt::format("{} is no longer cut into chunks", found.name));
    return {};
  }
  TRY(json::object answer, api->call({.method = "PUT",
                                      .path = path,
                                      .body = json::object{{"max_rows", options.max_rows}},
                                      .first_byte_ms = limits::kLongFirstByteMs}));
  static const View view{
      {{"chunks", FieldKind::kCount}, {"rows", FieldKind::kCount}, {"largest_chunk_rows", FieldKind::kCount}},
      [](const json::object& record) { return record; },
      "catalogue_item_id"};
  return session.output().one(without_envelope(std::move(answer)), view);
}

void add_chunk(CommandTree& tree, CLI::App& parent, const std::string& name) {
  const auto options = std::make_shared<ChunkOptions>();
  const std::string prefix = &parent == &tree.root ? "lakelift " + name : "lakelift catalogue " + name;
  CLI::App* command =
      tree.add(parent, name, "Cut a table into chunks, so that what is held can be told apart",
               {prefix + " nycflights13.flights --max-rows 50000", prefix + " nycflights13.flights --remove"},
               [options](Session& session) { return chunk(session, *options); });
  command->add_option("ITEM", options->item, "Name or id")->required();
  auto* rows = command->add_option("--max-rows", options->max_rows, "Rows that a chunk may have")->type_name("N");
  command->add_flag("--remove", options->remove, "Take the chunks away, and what is held of them")->excludes(rows);
}

json::object flat_piece(const json::object& piece) {
  json::object flat = piece;
  const json::value* payer = find(piece, "paid_by");
  flat["paid_by"] = payer != nullptr && payer->is_object()
                        ? json::value(find_string(payer->get_object(), "email").value_or(""))
                        : json::value("");
  for (const char* key : {"columns", "chunks"}) {
    const json::value* list = find(piece, key);
    flat[key] = list != nullptr && list->is_array() ? static_cast<std::int64_t>(list->get_array().size()) : 0;
  }
  return flat;
}

Result<void> held(Session& session, const std::string& name) {
  TRY(Api * api, session.api());
  TRY(const FoundItem found, find_item(*api, name));
  TRY(json::object answer, api->get(fmt::format("/catalogue/items/{}/held", found.id)));
  if (session.output().format() != OutputFormat::kTable) {
    static const View view{{{"chunks", FieldKind::kCount},
                            {"chunks_held", FieldKind::kCount},
                            {"rows", FieldKind::kCount},
                            {"rows_held", FieldKind::kCount}},
                           [](const json::object& record) { return record; },
                           "catalogue_item_id"};
    return session.output().one(without_envelope(std::move(answer)), view);
  }
  TRY(const json::array pieces, array_of(answer, "pieces"));
  const json::value* cut = find(answer, "cut");
  if (cut == nullptr || cut->is_null()) {
    return session.output().text(fmt::format("{} is not cut into chunks\n", printable(found.name)));
  }
  TRY_VOID(session.output().text(
      fmt::format("{} of {} chunks are held, {} of {} rows\n", find_int(answer, "chunks_held").value_or(0),
                  find_int(answer, "chunks").value_or(0), find_int(answer, "rows_held").value_or(0),
                  find_int(answer, "rows").value_or(0))));
  if (pieces.empty()) return {};
  static const View view{{{"held_since"},
                          {"paid_by"},
                          {"chunks", FieldKind::kCount},
                          {"columns", FieldKind::kCount},
                          {"rows", FieldKind::kCount},
                          {"size_bytes", FieldKind::kBytes},
                          {"scanned_bytes", FieldKind::kBytes},
                          {"saved_bytes", FieldKind::kBytes}},
                         flat_piece};
  return session.output().list(pieces, view);
}

}  // namespace

void add_catalogue_chunks(CommandTree& tree, CLI::App& catalogue) {
  add_chunk(tree, catalogue, "chunk");
  add_chunk(tree, tree.root, "create_chunks");
  const auto item = std::make_shared<std::string>();
  tree.add(catalogue, "held", "What of a table is held: since when, who paid for it, what it saved",
           {"lakelift catalogue held nycflights13.flights", "lakelift catalogue held 1 --output json"},
           [item](Session& session) { return held(session, *item); })
      ->add_option("ITEM", *item, "Name or id")
      ->required();
}

}  // namespace lakelift::cli
