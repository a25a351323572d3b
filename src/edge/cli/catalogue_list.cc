#include "edge/cli/catalogue_list.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

struct ListOptions {
  std::string query;
  std::string search;
  std::string executor;
  std::string type;
  std::string size;
  std::vector<std::string> tags;
  std::int64_t limit = 0;  // 0: all
  bool facets = false;
};

const View& facets_view() {
  static const View view{{{"facet"}, {"value"}, {"label"}, {"count", FieldKind::kCount}},
                         [](const json::object& value) { return value; },
                         "value"};
  return view;
}

void add_parameter(std::string& path, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  path += fmt::format("{}{}={}", path.find('?') == std::string::npos ? '?' : '&', name, percent_encode(value));
}

std::string address_of(const ListOptions& options) {
  std::string path = "/catalogue/items/";
  add_parameter(path, "query", options.query);
  add_parameter(path, "q", options.search);
  add_parameter(path, "executor_type", options.executor);
  add_parameter(path, "column_type", options.type);
  add_parameter(path, "size", options.size);
  for (const auto& tag : options.tags) add_parameter(path, "tag", tag);
  add_parameter(path, "fields", "summary");
  return path;
}

bool is_narrowed(const ListOptions& options) {
  return !options.query.empty() || !options.search.empty() || !options.executor.empty() || !options.type.empty() ||
         !options.size.empty() || !options.tags.empty();
}

// Page after page.
Result<json::array> all_items(Api& api, const ListOptions& options) {
  json::array all;
  std::string after;
  while (true) {
    const std::int64_t left = options.limit - static_cast<std::int64_t>(all.size());
    std::string path = address_of(options);
    add_parameter(path, "limit",
                  std::to_string(options.limit == 0 ? limits::kItemsPerPage : std::min(left, limits::kItemsPerPage)));
    add_parameter(path, "after", after);
    TRY(const json::object answer, api.get(path));
    TRY(const json::array page, array_of(answer, "items"));
    all.insert(all.end(), page.begin(), page.end());
    auto next = find_string(answer, "next");
    const bool is_full = options.limit > 0 && static_cast<std::int64_t>(all.size()) >= options.limit;
    if (!next || *next == after || is_full) return all;
    after = *std::move(next);
  }
}

Result<void> list_facets(Session& session, Api& api, const ListOptions& options) {
  std::string path = address_of(options);
  add_parameter(path, "facets", "true");
  add_parameter(path, "limit", "1");
  TRY(const json::object answer, api.get(path));
  const json::value* facets = find(answer, "facets");
  if (facets == nullptr || !facets->is_object()) {
    return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", "the server counts no facets");
  }
  json::array rows;
  for (const auto& [name, values] : facets->get_object()) {
    if (!values.is_array()) continue;
    for (const auto& value : values.get_array()) {
      if (!value.is_object()) continue;
      json::object row = value.get_object();
      row.erase("toggle_url");
      row["facet"] = name;
      rows.push_back(std::move(row));
    }
  }
  TRY(const json::array late, array_of(answer, "facets_timed_out"));
  for (const auto& name : late) session.note(plain_text(name) + " took too long to count");
  return session.output().list(rows, facets_view());
}

Result<void> list(Session& session, const ListOptions& options) {
  TRY(Api * api, session.api());
  if (options.facets) return list_facets(session, *api, options);
  TRY(const json::array items, all_items(*api, options));
  if (items.empty() && session.output().format() == OutputFormat::kTable) {
    session.note(is_narrowed(options) ? "no item matches" : "the catalogue is empty");
  }
  return session.output().list(items, items_view());
}

}  // namespace

const View& items_view() {
  static const View view{{{"id", FieldKind::kText},
                          {"name"},
                          {"columns", FieldKind::kCount},
                          {"rows", FieldKind::kCount},
                          {"bytes", FieldKind::kBytes},
                          {"description"}},
                         [](const json::object& item) {
                           json::object flat;
                           for (const char* key : {"id", "name", "rows", "bytes"}) {
                             if (const json::value* value = find(item, key)) flat[key] = *value;
                           }
                           if (const json::value* spec = find(item, "spec"); spec != nullptr && spec->is_array())
                             flat["columns"] = spec->get_array().size();
                           // Markdown: the first line says what it is.
                           const std::string description = find_string(item, "description").value_or("");
                           flat["description"] = description.substr(0, description.find('\n'));
                           return flat;
                         }};
  return view;
}

void add_catalogue_list(CommandTree& tree, CLI::App& group) {
  const auto options = std::make_shared<ListOptions>();
  CLI::App* command = tree.add(group, "list", "All tables, or those that match",
                               {"lakelift catalogue list --output jsonl", "lakelift catalogue list 'flights |weather'",
                                "lakelift catalogue list --search 'hourly weather' --type DATETIME --limit 20"},
                               [options](Session& session) { return list(session, *options); });
  command->add_option("QUERY,--query", options->query, "Words of the name; |word or, &word and, ~word and not");
  command->add_option("--search", options->search, "Words of names, tags, columns and descriptions; the best first");
  command->add_option("--executor", options->executor, "LOCAL, ATHENA, DATABRICKS or SPARK");
  command->add_option("--tag", options->tags, "With this tag; repeatable, all of them")->allow_extra_args(false);
  command->add_option("--type", options->type, "With a column of this type: INTEGER, FLOAT, STRING, BOOLEAN, DATETIME");
  command->add_option("--size", options->size, "unknown, <1MB, 1MB-100MB, 100MB-10GB, 10GB-1TB or >=1TB");
  command->add_option("--limit", options->limit, "At most so many")->check(CLI::PositiveNumber);
  command->add_flag("--facets", options->facets, "Count the values of what matches instead of listing it");
}

}  // namespace lakelift::cli
