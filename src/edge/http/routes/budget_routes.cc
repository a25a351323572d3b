// What people and groups may spend in a month, and the requests that wait for a yes because they are beyond it.
#include <algorithm>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

json::value or_null(const std::optional<std::int64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object cost_json(const slices::Cost& cost) { return {{"bytes", cost.bytes}, {"money_micros", cost.micros}}; }

json::value left_of(const std::optional<std::int64_t>& limit, std::int64_t spent, std::int64_t reserved) {
  return limit ? json::value(std::max<std::int64_t>(*limit - spent - reserved, 0)) : json::value(nullptr);
}

json::object budget_json(const slices::BudgetStanding& standing, std::string_view currency) {
  const auto& [budget, name, month, spent, reserved] = standing;
  return {{"@type", "budget"},
          {"holder_kind", name_of(budget.holder.kind)},
          {"holder_id", budget.holder.id},
          {"holder_name", name},
          {"month", month},
          {"currency", currency},
          {"money_micros", or_null(budget.limits.micros)},
          {"bytes", or_null(budget.limits.bytes)},
          {"spent", cost_json(spent)},
          {"reserved", cost_json(reserved)},
          {"left", json::object{{"bytes", left_of(budget.limits.bytes, spent.bytes, reserved.bytes)},
                                {"money_micros", left_of(budget.limits.micros, spent.micros, reserved.micros)}}},
          {"changed_at", iso8601(budget.changed_at)}};
}

json::array budgets_json(const std::vector<slices::BudgetStanding>& standings, std::string_view currency) {
  json::array out;
  for (const auto& standing : standings) out.push_back(budget_json(standing, currency));
  return out;
}

Result<json::array> waiting_json(const Services& services) {
  TRY(const auto waiting, services.slices.waiting_for_approval());
  json::array out;
  for (const auto& one : waiting) {
    auto item = services.catalogue.get(one.catalogue_item_id);
    if (!item && item.error().code != Code::kNotFound) return std::unexpected(item.error());
    out.push_back({{"@type", "waiting_request"},
                   {"request_id", one.request_id},
                   {"catalogue_item_id", one.catalogue_item_id},
                   {"catalogue_item_name", item ? json::value(item->name) : json::value(nullptr)},
                   {"asked_by", one.asked_by},
                   {"asked_by_name", one.asked_by_name},
                   {"expected", cost_json(one.expected)},
                   {"reason", one.reason},
                   {"asked_at", iso8601(one.asked_at)}});
  }
  return out;
}

Result<slices::BudgetHolder> holder_of(const RequestContext& context) {
  const auto kind = slices::holder_kind_of(context.params.at("kind"));
  if (!kind) {
    return fail(Code::kNotFound, "COULD_NOT_FIND_BUDGET",
                "budgets are of an account or of a group: /budgets/account/7");
  }
  TRY(const std::int64_t id, context.int_param("id"));
  return slices::BudgetHolder{*kind, id};
}

Result<Response> list_budgets(const Services& services, RequestContext&) {
  TRY(const auto budgets, services.slices.budgets().list());
  TRY(auto waiting, waiting_json(services));
  return lakey::answer(200, "BUDGETS_BULK_READ",
                       {{"@type", "budgets_list"},
                        {"budgets", budgets_json(budgets, services.slices.budgets().currency())},
                        {"waiting", std::move(waiting)}});
}

Result<Response> read_own_budgets(const Services& services, RequestContext& context) {
  TRY(const auto budgets, services.slices.budgets().of(lakey::caller(context).id));
  return lakey::answer(
      200, "BUDGETS_BULK_READ",
      {{"@type", "budgets_list"}, {"budgets", budgets_json(budgets, services.slices.budgets().currency())}});
}

Result<Response> set_budget(const Services& services, RequestContext& context) {
  TRY(const auto holder, holder_of(context));
  TRY(auto fields, BodyFields::of(context));
  const slices::BudgetLimits limits{fields.optional_integer("money_micros"), fields.optional_integer("bytes")};
  TRY_VOID(fields.check());
  TRY(const auto standing, services.slices.budgets().set(holder, limits, lakey::caller(context).id));
  return lakey::answer(200, "BUDGET_SET", budget_json(standing, services.slices.budgets().currency()));
}

Result<Response> remove_budget(const Services& services, RequestContext& context) {
  TRY(const auto holder, holder_of(context));
  TRY_VOID(services.slices.budgets().remove(holder, lakey::caller(context).id));
  return lakey::empty(200, "BUDGET_DELETED");
}

Result<Response> decide(const Services& services, RequestContext& context, bool is_yes) {
  TRY(const std::int64_t id, context.int_param("id"));
  std::optional<std::string> answer;
  if (!context.body.empty()) {
    TRY(auto fields, BodyFields::of(context));
    answer = fields.optional_text("answer");
    TRY_VOID(fields.check());
  }
  TRY(const auto request, services.slices.decide(lakey::caller(context), id, is_yes, answer));
  return lakey::answer(200, is_yes ? "DOWNLOADREQUEST_APPROVED" : "DOWNLOADREQUEST_DENIED",
                       {{"@type", "download_request_decision"},
                        {"request_id", request.id},
                        {"state", name_of(request.state)},
                        {"answer", answer ? json::value(*answer) : json::value(nullptr)}});
}

}  // namespace

void add_budget_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, Access access, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), access, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/budgets/", Access::kAdmin, "List budgets, and the requests that wait for approval", list_budgets);
  add(Method::kGet, "/budgets/mine", Access::kAccount, "The budgets that bind the caller", read_own_budgets);
  add(Method::kPut, "/budgets/{kind}/{id}", Access::kAdmin, "Set what an account or a group may spend in a month",
      set_budget);
  add(Method::kDelete, "/budgets/{kind}/{id}", Access::kAdmin, "Remove a budget", remove_budget);
  add(Method::kPost, "/downloader/requests/{id}/approve", Access::kAdmin, "Let a request run that waits for approval",
      [](const Services& s, RequestContext& context) { return decide(s, context, true); });
  add(Method::kPost, "/downloader/requests/{id}/deny", Access::kAdmin, "Refuse a request that waits for approval",
      [](const Services& s, RequestContext& context) { return decide(s, context, false); });
}

}  // namespace lakelift::http
