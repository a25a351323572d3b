// What lies in the storage: the scrub, the sweep and the move, for administrators (docs/files.md, When bytes go bad;
// docs/storage.md).
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

json::value time_or_null(const std::optional<Micros>& at) { return at ? json::value(iso8601(*at)) : json::value(); }

json::array findings_json(const std::vector<objects::Finding>& found) {
  json::array findings;
  for (const auto& finding : found) {
    json::array subjects(finding.subjects.begin(), finding.subjects.end());
    findings.push_back(
        json::object{{"object", finding.key}, {"problem", finding.problem}, {"subjects", std::move(subjects)}});
  }
  return findings;
}

json::object scrub_json(const objects::ScrubReport& report) {
  return {{"@type", "scrub"},
          {"state", report.is_running ? "running" : "idle"},
          {"started_at", time_or_null(report.started_at)},
          {"finished_at", time_or_null(report.finished_at)},
          {"objects", report.objects},
          {"bytes", report.bytes},
          {"objects_total", report.objects_total},
          {"bytes_total", report.bytes_total},
          {"findings", findings_json(report.findings)},
          {"quarantined", report.quarantined}};
}

json::object move_json(const objects::MoveReport& report) {
  return {{"@type", "storage_move"},
          {"state", report.is_running ? "running" : "idle"},
          {"to", report.to},
          {"from", json::array(report.from.begin(), report.from.end())},
          {"started_at", time_or_null(report.started_at)},
          {"finished_at", time_or_null(report.finished_at)},
          {"objects", report.objects},
          {"bytes", report.bytes},
          {"objects_total", report.objects_total},
          {"bytes_total", report.bytes_total},
          {"problems", findings_json(report.problems)}};
}

Result<Response> start_move(const Services& services, RequestContext& context) {
  TRY(auto fields, BodyFields::of(context));
  const std::string to = fields.text("to");
  TRY_VOID(fields.check());
  TRY(const auto report, services.keeper.start_move(to, lakey::caller(context).id));
  return lakey::answer(202, "STORAGE_MOVE_STARTED", move_json(report));
}

Result<Response> sweep(const Services& services, RequestContext&) {
  TRY(const auto swept, services.keeper.sweep());
  return lakey::answer(
      200, "STORAGE_SWEPT",
      {{"@type", "sweep"}, {"orphans", swept.orphans}, {"bytes", swept.bytes}, {"staged", swept.staged}});
}

}  // namespace

void add_storage_routes(RouteTable& routes, const Services& services) {
  routes.add(lakey::route(Method::kGet, "/storage/scrub", Access::kAdmin, "How the scrub is getting on",
                          [services](RequestContext&) -> Result<Response> {
                            return lakey::answer(200, "SCRUB_READ", scrub_json(services.keeper.scrub_report()));
                          }));
  routes.add(lakey::route(Method::kPost, "/storage/scrub", Access::kAdmin, "Scrub at once",
                          [services](RequestContext&) -> Result<Response> {
                            return lakey::answer(202, "SCRUB_STARTED", scrub_json(services.keeper.start_scrub()));
                          }));
  routes.add(lakey::route(Method::kPost, "/storage/sweep", Access::kAdmin, "Sweep orphans at once",
                          [services](RequestContext& context) { return sweep(services, context); }));
  routes.add(lakey::route(Method::kGet, "/storage/move", Access::kAdmin, "How the move of content is getting on",
                          [services](RequestContext&) -> Result<Response> {
                            return lakey::answer(200, "STORAGE_MOVE_READ", move_json(services.keeper.move_report()));
                          }));
  routes.add(lakey::route(Method::kPost, "/storage/move", Access::kAdmin, "Move all content to another storage",
                          [services](RequestContext& context) { return start_move(services, context); }));
}

}  // namespace lakelift::http
