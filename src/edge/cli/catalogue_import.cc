// `lakelift catalogue import` and its old name, `create_fake_catalogue_items`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "base/encoding.h"
#include "edge/cli/commands.h"
#include "edge/cli/item_files.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

struct ImportOptions {
  std::vector<std::string> files;
  bool overwrite = false;
  bool dry_run = false;
};

const View& results_view() {
  static const View view{{{"result"}, {"name"}, {"id"}, {"file"}, {"line"}, {"problems", FieldKind::kCount}},
                         [](const json::object& record) {
                           json::object flat = record;
                           if (const json::value* problems = find(record, "problems"))
                             flat["problems"] = problems->get_array().size();
                           return flat;
                         }};
  return view;
}

// Whether this is about the item alone, so that the others may still succeed.
bool concerns_one_item(const Error& error) {
  switch (error.code) {
    case Code::kInvalid:
    case Code::kConflict:
    case Code::kNotFound:
    case Code::kTooLarge:
      return true;
    default:
      return false;
  }
}

// One item after the other; each is one request that the server does whole or not at all.
class Importer {
 public:
  Importer(Session& session, Api& api, const ImportOptions& options)
      : session_(session), api_(api), options_(options) {}

  void take_problem(const ItemProblem& problem) {
    add_row("failed", nullptr, problem.file, problem.line, problem.item, {problem});
  }

  // Error: what would stop every other item too.
  Result<void> take_item(const FileItem& item) {
    auto done = import_one(item);
    if (done) return {};
    if (!concerns_one_item(done.error())) return done;
    add_row("failed", nullptr, item.file, item.content.line, item.name, problems_of(item, done.error()));
    return {};
  }

  [[nodiscard]] const json::array& rows() const { return rows_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  Result<void> import_one(const FileItem& item) {
    json::object body = to_json(item.content).get_object();
    TRY(const std::optional<std::int64_t> known, id_of(item.name));
    if (known && !options_.overwrite) return finish("left", item, json::value(*known));
    if (known) {
      TRY(const json::object answer, send("PUT", fmt::format("/catalogue/items/{}", *known), std::move(body)));
      return finish("updated", item, json::value(*known));
    }
    if (!body.contains("maintained_by_id")) {
      TRY(body["maintained_by_id"], own_id());
    }
    TRY(const json::object answer, send("POST", "/catalogue/items/", std::move(body)));
    const json::value* id = find(answer, "id");
    return finish("created", item, id == nullptr ? json::value(nullptr) : *id);
  }

  Result<json::object> send(const char* method, const std::string& path, json::object body) {
    return api_.call({.method = method,
                      .path = path + (options_.dry_run ? "?dry_run=true" : ""),
                      .body = std::move(body),
                      .repeatable = options_.dry_run || std::string_view(method) == "PUT"});
  }

  // Of the item with this name; nothing where there is none.
  Result<std::optional<std::int64_t>> id_of(const std::string& name) {
    if (name.empty()) return std::nullopt;
    TRY(const json::object answer, api_.get("/catalogue/items/?name=" + percent_encode(name)));
    TRY(const json::array items, array_of(answer, "items"));
    if (items.empty() || !items.front().is_object()) return std::nullopt;
    TRY(const std::int64_t id, int_of(items.front().get_object(), "id"));
    return id;
  }

  // Who imports maintains what the file gives to nobody.
  Result<std::int64_t> own_id() {
    if (!own_id_) {
      TRY(const json::object me, api_.get("/accounts/me"));
      TRY(own_id_, int_of(me, "id"));
    }
    return *own_id_;
  }

  Result<void> finish(const char* result, const FileItem& item, json::value id) {
    add_row(result, std::move(id), item.file, item.content.line, item.name, {});
    return {};
  }

  void add_row(const std::string& result, json::value id, const std::string& file, int line, const std::string& name,
               const std::vector<ItemProblem>& problems) {
    json::array told;
    for (const ItemProblem& problem : problems) {
      session_.complain(text_of(problem));
      told.push_back(json::object{{"line", problem.line}, {"field", problem.field}, {"text", problem.text}});
    }
    if (problems.empty()) {
      session_.note(fmt::format("{}:{}: {}: {}", printable(file), line, printable(name), said(result)));
    } else {
      ++failed_;
    }
    rows_.push_back(json::object{{"result", result},
                                 {"name", name},
                                 {"id", std::move(id)},
                                 {"file", file},
                                 {"line", line},
                                 {"problems", std::move(told)}});
  }

  [[nodiscard]] std::string said(const std::string& result) const {
    if (result == "left") return "exists, left as it is";
    return options_.dry_run ? "would be " + result : result;
  }

  Session& session_;
  Api& api_;
  const ImportOptions& options_;
  std::optional<std::int64_t> own_id_;
  json::array rows_;
  std::size_t failed_ = 0;
};

Result<void> import(Session& session, const ImportOptions& options) {
  TRY(const ItemFiles files, read_item_files(options.files));
  TRY(Api * api, session.api());
  Importer importer(session, *api, options);
  for (const ItemProblem& problem : files.problems) importer.take_problem(problem);
  Result<void> done;
  for (std::size_t i = 0; i < files.items.size() && done; ++i) done = importer.take_item(files.items[i]);
  TRY_VOID(session.output().list(importer.rows(), results_view()));
  TRY_VOID(std::move(done));
  if (importer.failed() == 0) return {};
  return fail(Code::kCorrupt, "IMPORT_INCOMPLETE",
              fmt::format("{} of {} failed; nothing of them was stored", importer.failed(), importer.rows().size()));
}

void add_import(CommandTree& tree, CLI::App& parent, const std::string& name) {
  const auto options = std::make_shared<ImportOptions>();
  const std::string prefix = name == "import" ? "lakelift catalogue import" : "lakelift " + name;
  CLI::App* command =
      tree.add(parent, name, "Bring items from YAML or JSON files into the catalogue",
               {prefix + " weather.yaml flights.json", prefix + " items/ --overwrite", prefix + " items/ --dry-run"},
               [options](Session& session) { return import(session, *options); });
  command->add_option("FILES", options->files, "Files, or folders with .yaml, .yml and .json files")->required();
  command->add_flag("--overwrite", options->overwrite, "Update the items that exist; they are left as they are else");
  command->add_flag("--dry-run", options->dry_run, "Let the server check everything, and store nothing");
}

}  // namespace

void add_catalogue_import(CommandTree& tree, CLI::App& catalogue) {
  add_import(tree, catalogue, "import");
  add_import(tree, tree.root, "create_fake_catalogue_items");
}

}  // namespace lakelift::cli
