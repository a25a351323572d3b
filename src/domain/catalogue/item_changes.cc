#include "domain/catalogue/item_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::catalogue {
namespace {

constexpr std::size_t kDigestChars = 16;

// Figures change with each look at the data; these are a promise, and a change of one is news.
constexpr std::array<std::string_view, 9> kTold{"name",          "description", "executor_type",   "tags", "visibility",
                                                "maintained_by", "spec",        "max_age_seconds", "rows"};

template <typename T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

// What people and engines say of a column.
json::object said_of(const table::Column& column) {
  return {{"type", table::name_of(column.type)},
          {"is_nullable", column.is_nullable},
          {"is_enum", column.is_enum},
          {"description", column.description ? json::value(cut_text(*column.description)) : json::value(nullptr)}};
}

void push_within_limit(json::array& list, json::value value) {
  if (list.size() < limits::kHistoryColumns) list.push_back(std::move(value));
}

// Empty where the specs say the same.
json::object spec_changes(const table::Columns& before, const table::Columns& after) {
  std::map<std::string_view, const table::Column*> old;
  for (const auto& column : before) old.emplace(column.name, &column);
  json::array added;
  json::array removed;
  json::array changed;
  for (const auto& column : after) {
    const auto known = old.find(column.name);
    if (known == old.end()) {
      push_within_limit(added, json::string(column.name));
      continue;
    }
    json::object from = said_of(*known->second);
    json::object to = said_of(column);
    if (from != to)
      push_within_limit(changed, {{"name", column.name}, {"from", std::move(from)}, {"to", std::move(to)}});
    old.erase(known);
  }
  for (const auto& column : before) {
    if (old.contains(column.name)) push_within_limit(removed, json::string(column.name));
  }
  if (added.empty() && removed.empty() && changed.empty()) return {};
  return {{"added", std::move(added)}, {"removed", std::move(removed)}, {"changed", std::move(changed)}};
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(cut_text(*text)) : json::value(nullptr);
}

json::value tags_json(const std::vector<std::string>& tags) { return json::array(tags.begin(), tags.end()); }

void add(json::object& changes, std::string_view field, json::value from, json::value to) {
  changes[field] = {{"from", std::move(from)}, {"to", std::move(to)}};
}

// Of each column what only a look at the data can say.
json::array figures_of(const table::Columns& columns) {
  json::array out;
  for (const auto& column : columns) {
    const json::object all = table::to_json(column);
    for (const char* key : {"size", "distribution"}) {
      const json::value* figure = find(all, key);
      out.push_back(figure == nullptr ? json::value(nullptr) : *figure);
    }
  }
  return out;
}

bool same_figures(const CatalogueItem& a, const CatalogueItem& b) {
  return a.bytes == b.bytes && a.source_version == b.source_version && a.null_shares == b.null_shares &&
         figures_of(a.spec) == figures_of(b.spec);
}

}  // namespace

std::string cut_text(const std::string& text) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (characters++ < limits::kHistoryTextChars) continue;
    return fmt::format("{}… ({} bytes, sha256 {})", std::string_view(text).substr(0, i), text.size(),
                       sha256_hex(text).substr(0, kDigestChars));
  }
  return text;
}

json::object changes_between(const ItemRow& before, const ItemRow& after) {
  const CatalogueItem& a = before.item;
  const CatalogueItem& b = after.item;
  json::object out;
  if (a.name != b.name) add(out, "name", json::string(a.name), json::string(b.name));
  if (a.description != b.description) {
    add(out, "description", text_or_null(a.description), text_or_null(b.description));
  }
  if (a.executor_type != b.executor_type) {
    add(out, "executor_type", json::string(executors::name_of(a.executor_type)),
        json::string(executors::name_of(b.executor_type)));
  }
  if (a.tags != b.tags) add(out, "tags", tags_json(a.tags), tags_json(b.tags));
  if (a.visibility != b.visibility) {
    add(out, "visibility", json::string(name_of(a.visibility)), json::string(name_of(b.visibility)));
  }
  if (before.maintained_by != after.maintained_by) {
    add(out, "maintained_by", or_null(before.maintained_by), or_null(after.maintained_by));
  }
  if (a.max_age_seconds != b.max_age_seconds) {
    add(out, "max_age_seconds", or_null(a.max_age_seconds), or_null(b.max_age_seconds));
  }
  if (a.rows != b.rows) add(out, "rows", or_null(a.rows), or_null(b.rows));
  if (auto spec = spec_changes(a.spec, b.spec); !spec.empty()) out["spec"] = std::move(spec);
  if (a.source != b.source) out["source"] = true;
  if (a.sample != b.sample) out["sample"] = true;
  if (!same_figures(a, b)) out["figures"] = true;
  return out;
}

std::vector<std::string> told_to_followers(const json::object& changes) {
  std::vector<std::string> out;
  for (const std::string_view field : kTold) {
    if (changes.contains(field)) out.emplace_back(field);
  }
  return out;
}

}  // namespace lakelift::catalogue
