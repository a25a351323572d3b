// What lies in the storage: the scrub and the sweep, for administrators (docs/files.md, When bytes go bad).
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

json::value time_or_null(const std::optional<Micros>& at) { return at ? json::value(iso8601(*at)) : json::value(); }

json::object scrub_json(const objects::ScrubReport& report) {
  json::array findings;
  for (const auto& finding : report.findings) {
    json::array subjects(finding.subjects.begin(), finding.subjects.end());
    findings.push_back(
        json::object{{"object", finding.key}, {"problem", finding.problem}, {"subjects", std::move(subjects)}});
  }
  return {{"@type", "scrub"},
          {"state", report.is_running ? "running" : "idle"},
          {"started_at", time_or_null(report.started_at)},
          {"finished_at", time_or_null(report.finished_at)},
          {"objects", report.objects},
          {"bytes", report.bytes},
          {"objects_total", report.objects_total},
          {"bytes_total", report.bytes_total},
          {"findings", std::move(findings)},
          {"quarantined", report.quarantined}};
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
}

}  // namespace lakelift::http
