// `lakelift slice show|name|note|repeat|receipt`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/fd.h"
#include "edge/cli/commands.h"
#include "edge/cli/items.h"
#include "edge/cli/slice_view.h"
#include "edge/cli/text_argument.h"

namespace lakelift::cli {
namespace {

constexpr unsigned kReceiptMode = 0644;

std::string path_of(std::int64_t id, std::string_view rest = "") {
  return fmt::format("/downloader/requests/{}{}", id, rest);
}

Result<void> show(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY(json::object answer, api->get(path_of(id)));
  return session.output().one(without_envelope(std::move(answer)), requests_view());
}

// An empty text takes it away.
Result<void> label(Session& session, std::int64_t id, const std::string& field, const std::string& text) {
  TRY(Api * api, session.api());
  json::object body;
  body[field] = text.empty() ? json::value(nullptr) : json::value(text);
  TRY(json::object answer, api->call({.method = "PATCH", .path = path_of(id), .body = std::move(body)}));
  return session.output().one(without_envelope(std::move(answer)), requests_view());
}

Result<void> repeat(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY(json::object answer, api->call({.method = "POST", .path = path_of(id, "/repeat"), .body = json::object()}));
  TRY(const std::int64_t fresh, int_of(answer, "id"));
  session.note(fresh == id ? std::string("the data are still the same: so is the slice")
                           : fmt::format("{} is the same slice of the data as they are now", fresh));
  return session.output().one(without_envelope(std::move(answer)), requests_view());
}

// Byte for byte what was signed, so that the file can be checked for ever.
Result<void> receipt(Session& session, std::int64_t id, const std::string& target) {
  TRY(Api * api, session.api());
  TRY(const json::object answer, api->get(path_of(id, "/receipt")));
  json::object file;
  for (const char* key : {"receipt", "signature"}) {
    const json::value* value = find(answer, key);
    if (value == nullptr) return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", "the server sent no receipt");
    file[key] = *value;
  }
  const std::string text = to_canonical_text(file) + "\n";
  if (target.empty()) return session.output().text(text);
  TRY_VOID(write_file_durably(target, text, kReceiptMode));
  session.note(fmt::format("the receipt is in {}; `lakelift receipt verify {}` checks it", target, target));
  return {};
}

void add_id(CLI::App& command, std::int64_t& id) {
  command.add_option("ID", id, "Of `slice list`")->required()->check(CLI::NonNegativeNumber);
}

void add_label(CommandTree& tree, CLI::App& slice, const std::string& field, const std::string& description,
               const std::string& value) {
  const auto id = std::make_shared<std::int64_t>(0);
  const auto text = std::make_shared<std::string>();
  CLI::App* command =
      tree.add(slice, field, description,
               {fmt::format("lakelift slice {} 12 '{}'", field, value), fmt::format("lakelift slice {} 12 ''", field)},
               [id, text, field](Session& session) -> Result<void> {
                 TRY(const std::string said, text_argument(*text));
                 return label(session, *id, field, said);
               });
  add_id(*command, *id);
  command->add_option("TEXT", *text, "@FILE reads it from a file, - from stdin; empty takes it away")->required();
}

}  // namespace

void add_slice_waiting(CommandTree& tree, CLI::App& slice) {
  const auto add = [&](const std::string& name, const std::string& description, auto action) {
    const auto id = std::make_shared<std::int64_t>(0);
    CLI::App* command =
        tree.add(slice, name, description,
                 {fmt::format("lakelift slice {} 12", name), fmt::format("lakelift slice {} 12 --output json", name)},
                 [id, action](Session& session) { return action(session, *id); });
    add_id(*command, *id);
  };
  add("show", "One slice that you wait for", show);
  add("repeat", "Ask for the same slice of the data as they are now", repeat);
  add_label(tree, slice, "name", "Call a slice something; only you see it", "thesis, figure 3");
  add_label(tree, slice, "note", "Write something down about a slice; only you see it", "without the gusts of May");
  const auto id = std::make_shared<std::int64_t>(0);
  const auto target = std::make_shared<std::string>();
  CLI::App* command = tree.add(slice, "receipt", "A signed receipt of a finished slice, to cite and to check",
                               {"lakelift slice receipt 12", "lakelift slice receipt 12 -o late.receipt.json"},
                               [id, target](Session& session) { return receipt(session, *id, *target); });
  add_id(*command, *id);
  command->add_option("-o,--to", *target, "The file to write; stdout when not given");
}

}  // namespace lakelift::cli
