// `lakelift catalogue export`.
#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "base/encoding.h"
#include "base/fd.h"
#include "edge/cli/commands.h"
#include "edge/cli/item_export.h"
#include "edge/cli/item_writer.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  std::vector<std::string> items;
  std::string format;
  std::string to;
};

Result<json::array> items_to_export(Api& api, const std::vector<std::string>& names) {
  json::array items;
  for (const std::string& name : names) {
    TRY(FoundItem found, find_item(api, name));
    items.push_back(exported_item(found.item));
  }
  if (!names.empty()) return items;
  TRY(const json::object answer, api.get("/catalogue/items/"));
  TRY(const json::array all, array_of(answer, "items"));
  for (const json::value& item : all) {
    if (item.is_object()) items.push_back(exported_item(item.get_object()));
  }
  return items;
}

std::string text_of(const json::array& items, const std::string& format) {
  if (format == "json") return to_pretty_json(items.size() == 1 ? items.front() : json::value(items));
  std::string text;
  for (const json::value& item : items) text += (items.size() == 1 ? "" : "---\n") + to_yaml(item);
  return text;
}

// A file appears whole or not at all; a pipe or a device is written to.
Result<void> write_to(const std::string& path, const std::string& text) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status) || fs::is_regular_file(status)) return write_file_durably(path, text, 0644);
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno("can't open " + path, errno);
  return write_all(fd.get(), as_bytes(text));
}

Result<void> write_folder(Session& session, const std::string& folder, const json::array& items,
                          const std::string& format) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Code::kInternal, "", fmt::format("can't make the folder {}: {}", folder, error.message()));
  for (const json::value& item : items) {
    const std::string name = find_string(item.get_object(), "name").value_or("");
    const std::string path = (fs::path(folder) / (file_name_of(name) + "." + format)).string();
    TRY_VOID(write_to(path, text_of({item}, format)));
    session.note(fmt::format("{} -> {}", printable(name), printable(path)));
  }
  return {};
}

std::string format_of(const ExportOptions& options) {
  if (!options.format.empty()) return options.format;
  return options.to.ends_with(".json") ? "json" : "yaml";
}

Result<void> export_items(Session& session, const ExportOptions& options) {
  TRY(Api * api, session.api());
  TRY(const json::array items, items_to_export(*api, options.items));
  const std::string format = format_of(options);
  if (options.to.empty() || options.to == "-") return session.output().text(text_of(items, format));
  std::error_code error;
  if (options.to.ends_with('/') || fs::is_directory(options.to, error))
    return write_folder(session, options.to, items, format);
  TRY_VOID(write_to(options.to, text_of(items, format)));
  session.note(fmt::format("{} item{} -> {}", items.size(), items.size() == 1 ? "" : "s", printable(options.to)));
  return {};
}

}  // namespace

void add_catalogue_export(CommandTree& tree, CLI::App& catalogue) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = tree.add(catalogue, "export", "Write items as files that `catalogue import` reads",
                               {"lakelift catalogue export nycflights13.flights -o flights.yaml",
                                "lakelift catalogue export -o items/", "lakelift catalogue export --format json"},
                               [options](Session& session) { return export_items(session, *options); });
  command->add_option("ITEM", options->items, "Names or ids; all items without any");
  command->add_option("--format", options->format, "yaml or json; else by the file's name, else yaml")
      ->check(CLI::IsMember({"yaml", "json"}));
  command->add_option("-o,--to", options->to, "A file, or a folder (one file an item); stdout without");
}

}  // namespace lakelift::cli
