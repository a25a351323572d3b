#include "edge/cli/item_export.h"

#include <array>
#include <map>
#include <set>

#include "base/encoding.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kFileNameBytes = 200;
constexpr std::array<std::string_view, 5> kHead{"name", "description", "executor_type", "tags", "visibility"};
constexpr std::array<std::string_view, 7> kColumnKeys{"name",        "description", "type",        "size",
                                                      "is_nullable", "is_enum",     "distribution"};

template <std::size_t N>
json::object only(const json::object& object, const std::array<std::string_view, N>& keys) {
  json::object out;
  for (const std::string_view key : keys) {
    if (const json::value* value = find(object, key)) out[key] = *value;
  }
  return out;
}

json::array merged_counts(const json::array& distribution) {
  json::array out;
  std::map<std::string, std::size_t> places;  // of values, by their text
  for (const json::value& entry : distribution) {
    const json::value* value = entry.is_object() ? find(entry.get_object(), "value") : nullptr;
    const auto count = value != nullptr ? find_int(entry.get_object(), "count") : std::nullopt;
    if (!count) {
      out.push_back(entry);
      continue;
    }
    const auto [place, is_new] = places.emplace(to_text(*value), out.size());
    if (is_new) {
      out.push_back(entry);
    } else {
      json::value& sum = out[place->second].get_object()["count"];
      sum = sum.get_int64() + *count;
    }
  }
  return out;
}

json::array exported_spec(const json::array& spec) {
  json::array out;
  for (const json::value& column : spec) {
    if (!column.is_object()) continue;
    json::object kept = only(column.get_object(), kColumnKeys);
    json::value& distribution = kept["distribution"];
    if (distribution.is_array()) distribution = merged_counts(distribution.get_array());
    out.push_back(std::move(kept));
  }
  return out;
}

std::set<std::string, std::less<>> columns_without_nulls(const json::array& spec) {
  std::set<std::string, std::less<>> names;
  for (const json::value& column : spec) {
    if (!column.is_object() || find_bool(column.get_object(), "is_nullable").value_or(true)) continue;
    names.insert(find_string(column.get_object(), "name").value_or(""));
  }
  return names;
}

json::array exported_sample(const json::array& sample, const json::array& spec) {
  const auto strict = columns_without_nulls(spec);
  json::array out;
  for (const json::value& row : sample) {
    bool is_whole = row.is_object();
    for (const auto& cell : is_whole ? row.get_object() : json::object()) {
      if (cell.value().is_null() && strict.contains(std::string_view(cell.key().data(), cell.key().size())))
        is_whole = false;
    }
    if (is_whole) out.push_back(row);
  }
  return out;
}

json::array array_under(const json::object& item, std::string_view key) {
  const json::value* value = find(item, key);
  return value != nullptr && value->is_array() ? value->get_array() : json::array();
}

}  // namespace

json::object exported_item(const json::object& item) {
  json::object out = only(item, kHead);
  const json::value* max_age = find(item, "max_age_seconds");
  if (max_age != nullptr && !max_age->is_null()) out["max_age_seconds"] = *max_age;
  const json::array spec = array_under(item, "spec");
  out["spec"] = exported_spec(spec);
  out["sample"] = exported_sample(array_under(item, "sample"), spec);
  return out;
}

std::string file_name_of(std::string_view item_name) {
  std::string name = percent_encode(item_name);
  if (name.starts_with('.')) name.replace(0, 1, "%2E");
  if (name.size() > kFileNameBytes) name = name.substr(0, kFileNameBytes) + "-" + sha256_hex(item_name).substr(0, 16);
  return name;
}

}  // namespace lakelift::cli
