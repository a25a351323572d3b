// What happened, for administrators: a view of the ledger.
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

std::optional<std::string> text_of(const QueryFields& query, std::string_view name) {
  std::string text = query.text(name);
  if (text.empty()) return std::nullopt;
  return text;
}

Result<Response> read_audit(const Services& services, RequestContext& context) {
  QueryFields query(context);
  const int limit = page_limit(query, limits::kAuditEntries);
  ledger::Query wanted;
  wanted.kind = text_of(query, "kind");
  wanted.actor = query.integer("actor", 0, INT64_MAX);
  wanted.subject_kind = text_of(query, "subject_kind");
  wanted.subject_id = text_of(query, "subject_id");
  wanted.from = query.time("from");
  wanted.to = query.time("to");
  wanted.before = query.integer("before", 0, INT64_MAX);
  wanted.limit = limit + 1;
  TRY_VOID(query.check());
  TRY(auto found, services.audit.find(wanted));

  json::object body{{"@type", "audit"}, {"entries", json::array()}};
  finish_page(body, context, found, limit, "before",
              [](const accounts::AuditEntry& entry) { return entry.recorded.seq; });
  for (const auto& entry : found) body["entries"].as_array().push_back(to_json(entry));
  return lakey::answer(200, "AUDIT_READ", body);
}

}  // namespace

void add_audit_routes(RouteTable& routes, const Services& services) {
  routes.add(lakey::route(Method::kGet, "/audit", Access::kAdmin, "Read the audit",
                          [services](RequestContext& context) { return read_audit(services, context); }));
}

}  // namespace lakelift::http
