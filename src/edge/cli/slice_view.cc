#include "edge/cli/slice_view.h"

#include <fmt/format.h>

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
  flat["name"] = find_string(request, "name").value_or("");
  flat["stale"] = find_bool(request, "is_stale").value_or(false) ? "stale" : "";
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

}  // namespace

const View& requests_view() {
  static const View view{{{"id"},
                          {"item"},
                          {"state"},
                          {"rows", FieldKind::kCount},
                          {"bytes", FieldKind::kBytes},
                          {"columns"},
                          {"where"},
                          {"ratio"},
                          {"created_at"},
                          {"stale"},
                          {"name"}},
                         flat_request};
  return view;
}

}  // namespace lakelift::cli
