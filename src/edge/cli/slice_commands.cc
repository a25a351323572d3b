// `lakelift slice list` and `lakelift slice cancel`; `slice get` and `slice keep` have files of their own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"
#include "edge/cli/items.h"

namespace lakelift::cli {
namespace {

// "dep_delay >= 15 AND origin = JFK"
std::string filters_text(const json::object& spec) {
  std::string out;
  const json::value* filters = find(spec, "filters");
  if (filters == nullptr || !filters->is_array()) return out;
  for (const auto& value : filters->get_array()) {
    if (!value.is_object()) continue;
    const auto& filter = value.get_object();
    const json::value* literal = find(filter, "value");
    out += fmt::format("{}{} {} {}", out.empty() ? "" : " AND ", find_string(filter, "name").value_or(""),
                       find_string(filter, "operator").value_or(""), literal == nullptr ? "" : plain_text(*literal));
  }
  return out;
}

std::string columns_text(const json::object& spec) {
  std::string out;
  const json::value* columns = find(spec, "columns");
  if (columns == nullptr || !columns->is_array()) return out;
  for (const auto& name : columns->get_array()) out += (out.empty() ? "" : ",") + plain_text(name);
  return out;
}

json::object flat_request(const json::object& request) {
  json::object flat;
  for (const char* key : {"id", "state", "rows", "created_at"}) {
    if (const json::value* value = find(request, key)) flat[key] = *value;
  }
  if (const json::value* bytes = find(request, "real_size")) flat["bytes"] = *bytes;
  if (const json::value* item = find(request, "catalogue_item"); item != nullptr && item->is_object()) {
    flat["item"] = find_string(item->get_object(), "name").value_or("");
  }
  if (const json::value* value = find(request, "spec"); value != nullptr && value->is_object()) {
    const auto& spec = value->get_object();
    flat["columns"] = columns_text(spec);
    flat["where"] = filters_text(spec);
    if (const json::value* ratio = find(spec, "randomize_ratio")) flat["ratio"] = *ratio;
  }
  return flat;
}

const View& requests_view() {
  static const View view{{{"id"},
                          {"item"},
                          {"state"},
                          {"rows", FieldKind::kCount},
                          {"bytes", FieldKind::kBytes},
                          {"columns"},
                          {"where"},
                          {"ratio"},
                          {"created_at"}},
                         flat_request};
  return view;
}

Result<void> list(Session& session) {
  TRY(Api * api, session.api());
  TRY(const json::object answer, api->get("/downloader/requests/"));
  TRY(const json::array requests, array_of(answer, "requests"));
  if (requests.empty() && session.output().format() == OutputFormat::kTable) session.note("you wait for no slice");
  return session.output().list(requests, requests_view());
}

Result<void> cancel(Session& session, std::int64_t id) {
  TRY(Api * api, session.api());
  TRY_VOID(api->call(
      {.method = "DELETE", .path = fmt::format("/downloader/requests/{}", id), .body = {}, .repeatable = false}));
  session.note(fmt::format("you no longer wait for {}; with nobody else waiting it is cancelled", id));
  return {};
}

}  // namespace

void add_slice_commands(CommandTree& tree) {
  CLI::App* group = tree.add_group("slice", "Slices of tables: ask, wait, download",
                                   {"lakelift slice get nycflights13.airlines -o airlines.csv", "lakelift slice list"});
  add_slice_get(tree, *group);
  add_slice_keep(tree, *group);
  tree.add(*group, "list", "The slices that you wait for, newest first",
           {"lakelift slice list", "lakelift slice list --output csv"}, list);
  const auto id = std::make_shared<std::int64_t>(0);
  tree.add(*group, "cancel", "Stop waiting for a slice; the last one who waits ends its run",
           {"lakelift slice cancel 12", "lakelift slice list --output id | xargs -n1 lakelift slice cancel"},
           [id](Session& session) { return cancel(session, *id); })
      ->add_option("ID", *id, "Of `slice list`")
      ->required()
      ->check(CLI::NonNegativeNumber);
}

}  // namespace lakelift::cli
