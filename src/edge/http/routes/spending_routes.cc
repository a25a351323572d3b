// Who asked for how much, what it cost and what was not paid again: views of the ledger.
#include <fmt/format.h>

#include <map>

#include "domain/analytics/projection.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kMonthChars = 7;

std::optional<analytics::By> by_of(const std::string& text) {
  static const std::map<std::string, analytics::By> kWords{{"item", analytics::By::kItem},
                                                           {"person", analytics::By::kPerson},
                                                           {"group", analytics::By::kGroup},
                                                           {"month", analytics::By::kMonth}};
  const auto found = kWords.find(text.empty() ? "month" : text);
  return found == kWords.end() ? std::nullopt : std::optional(found->second);
}

// "2026-11" as its days.
void narrow_to_month(QueryFields& fields, const std::string& month, analytics::SpendingQuery& query) {
  const auto first = month.size() == kMonthChars ? time_of(month + "-01") : std::nullopt;
  if (!first) return fields.refuse("month", "Not a month: say 2026-11.");
  std::int64_t last = analytics::day_of(*first);
  // 32 days after its first day it is another month.
  for (int i = 0; i < 32; ++i) {
    if (analytics::month_of(Micros{last + 1} * 86'400 * kMicrosPerSecond) != month) break;
    ++last;
  }
  query.from_day = analytics::day_of(*first);
  query.to_day = last;
}

Result<analytics::SpendingQuery> query_of(const RequestContext& context, int& limit) {
  QueryFields fields(context);
  limit = page_limit(fields, limits::kPageEntriesMost);
  analytics::SpendingQuery query;
  const auto by = by_of(fields.text("by"));
  if (!by) fields.refuse("by", "Expected one of item, person, group, month.");
  query.by = by.value_or(analytics::By::kMonth);
  if (const auto from = fields.time("from")) query.from_day = analytics::day_of(*from);
  if (const auto to = fields.time("to")) query.to_day = analytics::day_of(*to - 1);
  if (const auto month = fields.text("month"); !month.empty()) narrow_to_month(fields, month, query);
  query.item_id = fields.integer("item", 0, INT64_MAX);
  query.account_id = fields.integer("person", 0, INT64_MAX);
  query.group_id = fields.integer("group", 1, INT64_MAX);
  query.after = fields.text("next");
  query.limit = limit + 1;
  TRY_VOID(fields.check());
  return query;
}

// What is gone has no name.
template <typename T, typename Name>
Result<std::string> name_or_empty(const Result<T>& found, Name name) {
  if (!found && found.error().code != Code::kNotFound) return std::unexpected(found.error());
  return found ? name(*found) : std::string();
}

Result<std::string> name_of_line(const Services& services, analytics::By by, const analytics::Line& line) {
  switch (by) {
    case analytics::By::kMonth:
      return line.key;
    case analytics::By::kItem:
      return name_or_empty(services.catalogue.get(line.id), [](const auto& item) { return item.name; });
    case analytics::By::kPerson:
      return name_or_empty(services.accounts.get(line.id),
                           [](const auto& one) { return one.email.empty() ? one.username : one.email; });
    case analytics::By::kGroup:
      return name_or_empty(services.groups.get(line.id), [](const auto& group) { return group.name; });
  }
  return std::string();
}

json::object figures_json(const analytics::Figures& figures) {
  return {{"requests", figures.requests},           {"runs", figures.runs},
          {"scanned_bytes", figures.scanned_bytes}, {"paid_micros", figures.paid_micros},
          {"saved_bytes", figures.saved_bytes},     {"saved_micros", figures.saved_micros}};
}

Result<Response> read_spending(const Services& services, RequestContext& context) {
  int limit = 0;
  TRY(auto query, query_of(context, limit));
  const auto caller = lakey::caller(context);
  if (caller.type != accounts::AccountType::kAdmin) {
    TRY(auto items, services.catalogue.maintained_by(caller.id));
    query.own = analytics::Own{caller.id, std::move(items)};
  }
  TRY(auto page, services.slices.spending().read(query, context.stop));
  json::object body{{"@type", "spending"},
                    {"currency", services.slices.settings().prices.currency},
                    {"lines", json::array()},
                    {"total", figures_json(page.total)}};
  std::optional<std::string> next;
  if (page.lines.size() > static_cast<std::size_t>(limit)) {
    page.lines.resize(static_cast<std::size_t>(limit));
    next = page.lines.back().key;
  }
  add_next_text(body, context, next);
  for (const auto& line : page.lines) {
    TRY(const auto name, name_of_line(services, query.by, line));
    json::object one{{"@type", "spending_line"}, {"key", line.key}, {"name", name}};
    for (auto& field : figures_json(line.figures)) one[field.key()] = std::move(field.value());
    body["lines"].as_array().push_back(std::move(one));
  }
  return lakey::answer(200, "SPENDING_READ", body);
}

}  // namespace

void add_spending_routes(RouteTable& routes, const Services& services) {
  routes.add(lakey::route(Method::kGet, "/ledger/spending", Access::kAccount, "What was spent and saved",
                          [services](RequestContext& context) { return read_spending(services, context); }));
}

}  // namespace lakelift::http
