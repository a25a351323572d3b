#include "edge/http/routes/catalogue_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"

namespace lakelift::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string> optional_text(const QueryFields& fields, std::string_view name) {
  std::string text = fields.text(name);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

// One of a set of words; `parse` gives nothing for another.
template <typename Parse>
auto choice(QueryFields& fields, std::string_view name, Parse&& parse) -> decltype(parse(std::string_view())) {
  const std::string text = fields.text(name);
  if (text.empty()) return std::nullopt;
  auto value = parse(std::string_view(text));
  if (!value) fields.refuse(name, fmt::format("\"{}\" is not a valid choice.", text));
  return value;
}

std::optional<std::string> size_class(std::string_view text) {
  if (std::ranges::find(catalogue::size_classes(), text) == catalogue::size_classes().end()) return std::nullopt;
  return std::string(text);
}

std::optional<bool> is_summary(std::string_view fields) {
  if (fields == "summary") return true;
  return fields == "all" ? std::optional(false) : std::nullopt;
}

Result<catalogue::ItemQuery> query_of(const RequestContext& context) {
  QueryFields fields(context);
  catalogue::ItemQuery query;
  query.query = fields.text("query");
  query.name = optional_text(fields, "name");
  query.has_samples = fields.boolean("has_samples");
  query.text = fields.text("q");
  query.executor_type = choice(fields, "executor_type", executors::executor_type_of);
  query.maintainer = fields.integer("maintainer", 0, INT64_MAX);
  query.column_type = choice(fields, "column_type", table::column_type_of);
  query.size = choice(fields, "size", size_class);
  query.tags = fields.texts("tag");
  query.after = optional_text(fields, "after");
  if (const auto limit = fields.integer("limit", 1, limits::kItemsPerPage)) {
    query.limit = static_cast<std::size_t>(*limit);
  }
  query.facets = fields.boolean("facets").value_or(false);
  query.is_summary = choice(fields, "fields", is_summary).value_or(false);
  TRY_VOID(fields.check());
  return query;
}

// The request's own address with other parameters.
std::string address_of(const RequestContext& context, const Pairs& query) {
  std::string address = context.base_url + context.path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    address += fmt::format("{}{}={}", separator, percent_encode(name), percent_encode(value));
    separator = '&';
  }
  return address;
}

Pairs without(Pairs query, std::string_view name) {
  std::erase_if(query, [&](const auto& pair) { return pair.first == name; });
  return query;
}

// With this value where the request has another or none, without it where the request has it. From the first page on.
json::object facet_value(const RequestContext& context, const std::string& facet, const catalogue::FacetValue& value) {
  Pairs query = without(context.query, "after");
  const std::pair<std::string, std::string> pair(facet, value.value);
  const bool is_selected = facet == "tag" ? std::ranges::find(query, pair) != query.end()
                                          : context.query_value(facet) == std::string_view(value.value);
  if (facet != "tag") query = without(std::move(query), facet);
  if (is_selected) {
    std::erase(query, pair);
  } else {
    query.push_back(pair);
  }
  return {{"value", value.value},
          {"label", value.label},
          {"count", value.count},
          {"is_selected", is_selected},
          {"toggle_url", address_of(context, query)}};
}

json::value facets_json(const RequestContext& context, const catalogue::ItemPage& page) {
  // In the order in which people narrow a search.
  json::object facets;
  for (const char* name : {"executor_type", "maintainer", "column_type", "size", "tag"}) {
    const auto found = page.facets.find(name);
    if (found == page.facets.end()) continue;
    json::array list;
    for (const auto& value : found->second) list.push_back(facet_value(context, found->first, value));
    facets[name] = std::move(list);
  }
  return facets;
}

json::value next_url(const RequestContext& context, const std::optional<std::string>& next) {
  if (!next) return nullptr;
  Pairs query = without(context.query, "after");
  query.emplace_back("after", *next);
  return json::value(address_of(context, query));
}

// For long lists: what a sample or a distribution shows is read one item at a time.
json::object summary_of(const catalogue::CatalogueItem& item) {
  json::object out = to_json(item);
  out.erase("sample");
  for (auto& column : out["spec"].get_array()) column.get_object().erase("distribution");
  return out;
}

}  // namespace

Result<Response> list_catalogue_items(const Services& services, RequestContext& context) {
  TRY(const auto query, query_of(context));
  TRY(const auto page, services.catalogue.list(lakey::caller(context), query));
  json::array items;
  for (const auto& item : page.items) items.push_back(query.is_summary ? summary_of(item) : to_json(item));
  return lakey::answer(200, "CATALOGUEITEMS_BULK_READ",
                       {{"@type", "catalogue_items_list"},
                        {"items", std::move(items)},
                        {"total", page.total},
                        {"next", page.next ? json::value(*page.next) : json::value(nullptr)},
                        {"next_url", next_url(context, page.next)},
                        {"facets", query.facets ? facets_json(context, page) : json::value(nullptr)},
                        {"facets_timed_out", json::array(page.facets_timed_out.begin(), page.facets_timed_out.end())}});
}

}  // namespace lakelift::http
