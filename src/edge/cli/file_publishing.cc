// `lakelift file publish|unpublish`: a file as a table that others slice.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/catalogue_list.h"
#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"
#include "edge/cli/text_argument.h"

namespace lakelift::cli {
namespace {

struct Options {
  std::string remote;
  std::string name;
  std::string description;
  std::vector<std::string> null_tokens;
};

Result<json::object> act(Session& session, const Options& options, const std::string& action, json::object body) {
  TRY(Api * api, session.api());
  TRY(const RemoteName name, FilePlaces(*api).resolve(options.remote));
  return api->call({.method = "POST",
                    .path = fmt::format("{}?action={}", address_of(name), action),
                    .body = std::move(body),
                    .repeatable = false,
                    .first_byte_ms = limits::kLongFirstByteMs});
}

Result<void> publish(Session& session, const Options& options) {
  json::object body;
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.description.empty()) {
    TRY(body["description"], text_argument(options.description));
  }
  if (!options.null_tokens.empty()) {
    json::array tokens;
    for (const auto& token : options.null_tokens) tokens.emplace_back(token);
    body["null_tokens"] = std::move(tokens);
  }
  TRY(json::object item, act(session, options, "publish", std::move(body)));
  return session.output().one(without_envelope(std::move(item)), items_view());
}

Result<void> unpublish(Session& session, const Options& options) {
  TRY_VOID(act(session, options, "unpublish", {}));
  session.note(fmt::format("{} is no table any more; the file stays", printable(options.remote)));
  return {};
}

}  // namespace

void add_file_publishing(CommandTree& tree, CLI::App& file) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(file, "publish", "Make a table of a Parquet, CSV or JSON lines file: whoever may read it may slice it",
               {"lakelift file publish reports/may.csv --name sales.may --null NA",
                "lakelift file publish results/run-7.parquet --description @run-7.md"},
               [options](Session& session) { return publish(session, *options); });
  command->add_option("REMOTE", options->remote, "[OWNER:]PATH")->required();
  command->add_option("--name", options->name, "DATABASE.TABLE; OWNER.NAME when not given");
  command->add_option("--description", options->description,
                      "What it is, in Markdown; @FILE reads it from a file, - from stdin");
  command->add_option("--null", options->null_tokens, "CSV: an unquoted text that means null; repeatable")
      ->allow_extra_args(false);

  const auto taken = std::make_shared<Options>();
  tree.add(file, "unpublish", "Take the table back; the file stays",
           {"lakelift file unpublish reports/may.csv", "lakelift file unpublish ada:results/run-7.parquet"},
           [taken](Session& session) { return unpublish(session, *taken); })
      ->add_option("REMOTE", taken->remote, "[OWNER:]PATH")
      ->required();
}

}  // namespace lakelift::cli
