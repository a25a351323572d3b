// Downloads and bytes in windows of time: what was, and what goes on.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/live_analytics.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

using analytics::WindowLine;
using analytics::WindowsBy;

constexpr std::string_view kCounted =
    "A download counts once, when its bytes first cover the whole object, at that time; answers and sent_bytes are "
    "what "
    "really went out, whole or not: docs/events.md.";

// What was asked for.
struct Asked {
  analytics::WindowsQuery query;
  bool is_streamed = false;
};

std::optional<WindowsBy> by_of(const std::string& text) {
  static const std::map<std::string, WindowsBy> kWords{{"total", WindowsBy::kTotal},
                                                       {"owner", WindowsBy::kOwner},
                                                       {"file", WindowsBy::kFile},
                                                       {"item", WindowsBy::kItem},
                                                       {"person", WindowsBy::kPerson}};
  const auto found = kWords.find(text);
  return found == kWords.end() ? std::nullopt : std::optional(found->second);
}

analytics::WindowsQuery window_query(QueryFields& fields, const std::string& by) {
  analytics::WindowsQuery query;
  query.by = by_of(by).value_or(WindowsBy::kTotal);
  query.from = fields.time("from");
  query.to = fields.time("to");
  query.after = fields.text("next");
  query.limit = page_limit(fields, limits::kPageEntriesMost);
  return query;
}

Result<Asked> asked_windows(const RequestContext& context) {
  QueryFields fields(context);
  std::string by = fields.text("by");
  if (by.empty()) by = "total";
  if (!by_of(by)) fields.refuse("by", "Expected one of total, owner, file, item, person.");
  const std::string source = fields.text("source");
  if (!source.empty() && source != "ledger" && source != "stream") {
    fields.refuse("source", "Expected one of ledger, stream.");
  }
  const std::string per = fields.text("per");
  if (!per.empty() && per != "window" && per != "day") fields.refuse("per", "Expected one of window, day.");
  Asked asked{.query = window_query(fields, by), .is_streamed = source == "stream"};
  asked.query.is_by_day = per == "day";
  if (asked.is_streamed && per == "day") fields.refuse("per", "The stream has only windows.");
  if (asked.is_streamed && by != "total") fields.refuse("by", "The stream has only total.");
  TRY_VOID(fields.check());
  return asked;
}

Result<analytics::WindowsQuery> asked_top(const RequestContext& context) {
  QueryFields fields(context);
  std::string by = fields.text("by");
  if (by.empty()) by = "file";
  if (!by_of(by) || by == "total") fields.refuse("by", "Expected one of owner, file, item, person.");
  auto query = window_query(fields, by);
  query.is_whole = true;
  TRY_VOID(fields.check());
  return query;
}

// Whose numbers the caller may see.
Result<void> narrow_to_caller(const Services& services, const accounts::Account& caller,
                              analytics::WindowsQuery& query) {
  if (caller.type == accounts::AccountType::kAdmin) return {};
  TRY(auto items, services.catalogue.maintained_by(caller.id));
  query.own = analytics::Own{caller.id, std::move(items)};
  return {};
}

std::int64_t id_of(const std::string& key) {
  std::int64_t id = 0;
  std::from_chars(key.data(), key.data() + key.size(), id);
  return id;
}

// People and owners as they are called now; who is gone, as they were last.
Result<std::string> name_of_line(const Services& services, const accounts::Account& caller, WindowsBy by,
                                 const WindowLine& line) {
  if (by == WindowsBy::kItem) {
    const auto item = services.catalogue.get(caller, id_of(line.key));
    if (!item && item.error().code != Code::kNotFound) return std::unexpected(item.error());
    return item ? item->name : std::string();
  }
  if (by != WindowsBy::kOwner && by != WindowsBy::kPerson) return line.name;
  const auto account = services.accounts.get(id_of(line.key));
  if (!account && account.error().code != Code::kNotFound) return std::unexpected(account.error());
  if (!account) return line.name;
  return account->email.empty() ? account->username : account->email;
}

json::value time_or_null(Micros at) { return at == 0 ? json::value(nullptr) : json::value(iso8601(at)); }

Result<json::object> body_of(const Services& services, const RequestContext& context, WindowsBy by,
                             const analytics::WindowsPage& page) {
  const auto caller = lakey::caller(context);
  json::object body{{"@type", "windows"},
                    {"window_seconds", services.windows.window_seconds()},
                    {"counted", kCounted},
                    {"lines", json::array()},
                    {"total", to_json(page.total)}};
  for (const auto& line : page.lines) {
    TRY(const auto name, name_of_line(services, caller, by, line));
    json::object one{{"@type", "windows_line"},
                     {"start", time_or_null(line.start)},
                     {"end", time_or_null(line.end)},
                     {"key", line.key},
                     {"name", name}};
    for (auto& field : to_json(line.figures)) one[field.key()] = std::move(field.value());
    body["lines"].as_array().push_back(std::move(one));
  }
  add_next_text(body, context, page.next);
  return body;
}

// What the streaming job has written, cut as the windows of the ledger are.
Result<analytics::WindowsPage> streamed_page(const Services& services, const accounts::Account& caller,
                                             const analytics::WindowsQuery& query) {
  if (caller.type != accounts::AccountType::kAdmin) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "only administrators may see what the streaming job counted");
  }
  if (!services.streamed_windows) {
    return fail(
        Code::kConflict, "STREAM_NOT_CONFIGURED",
        "this server reads no windows of a streaming job: start it with --kafka-windows-topic TOPIC (docs/events.md)");
  }
  std::int64_t after = INT64_MIN;
  if (!query.after.empty()) {
    after = id_of(query.after);
    if (std::to_string(after) != query.after) {
      return fail(Code::kInvalid, "QUERY_DID_NOT_VALIDATE", "`next` is not of this list: begin at the first page",
                  {{"next", {"Not of this list: begin at the first page."}}});
    }
  }
  auto all = services.streamed_windows();
  std::ranges::sort(all, {}, &WindowLine::start);
  analytics::WindowsPage page;
  for (auto& line : all) {
    if (line.start < query.from.value_or(line.start) || line.start >= query.to.value_or(INT64_MAX)) continue;
    page.total += line.figures;
    if (line.start <= after) continue;
    if (std::cmp_less(page.lines.size(), query.limit)) {
      page.lines.push_back(std::move(line));
    } else if (!page.next) {
      page.next = std::to_string(page.lines.back().start);
    }
  }
  return page;
}

Result<Response> read_windows(const Services& services, RequestContext& context) {
  TRY(Asked asked, asked_windows(context));
  const auto caller = lakey::caller(context);
  analytics::WindowsPage page;
  if (asked.is_streamed) {
    TRY(page, streamed_page(services, caller, asked.query));
  } else {
    TRY_VOID(narrow_to_caller(services, caller, asked.query));
    TRY(page, services.windows.read(asked.query));
  }
  TRY(auto body, body_of(services, context, asked.query.by, page));
  body["source"] = asked.is_streamed ? "stream" : "ledger";
  return lakey::answer(200, "WINDOWS_READ", body);
}

Result<Response> read_top(const Services& services, RequestContext& context) {
  TRY(auto query, asked_top(context));
  TRY_VOID(narrow_to_caller(services, lakey::caller(context), query));
  TRY(const auto page, services.windows.read(query));
  TRY(auto body, body_of(services, context, query.by, page));
  body["source"] = "ledger";
  return lakey::answer(200, "WINDOWS_READ", body);
}

Result<Response> watch_live(const Services& services, RequestContext& context) {
  Response response;
  response.body = EventStream{.topic = live_topic(lakey::caller(context)), .feed = services.live_feed};
  return response;
}

Result<Response> rebuild(const Services& services, RequestContext&) {
  TRY(const std::int64_t entries, services.windows.rebuild());
  TRY_VOID(services.slices.spending().rebuild());
  return lakey::answer(200, "ANALYTICS_REBUILT", {{"@type", "analytics_rebuilt"}, {"entries", entries}});
}

}  // namespace

json::object to_json(const analytics::WindowFigures& figures) {
  return {{"downloads", figures.downloads}, {"size_bytes", figures.size_bytes},
          {"uploads", figures.uploads},     {"uploaded_bytes", figures.uploaded_bytes},
          {"answers", figures.answers},     {"sent_bytes", figures.sent_bytes}};
}

void add_analytics_routes(RouteTable& routes, const Services& services) {
  const auto add = [&](Method method, std::string pattern, Access access, std::string summary, auto work) {
    routes.add(lakey::route(method, std::move(pattern), access, std::move(summary),
                            [services, work](RequestContext& context) { return work(services, context); }));
  };
  add(Method::kGet, "/analytics/windows", Access::kAccount, "Downloads and bytes per window of time", read_windows);
  add(Method::kGet, "/analytics/top", Access::kAccount, "What was downloaded most", read_top);
  add(Method::kGet, "/analytics/live", Access::kAccount, "Watch the present window and what is being sent", watch_live);
  add(Method::kPost, "/analytics/rebuild", Access::kAdmin, "Make the views of the ledger anew", rebuild);
}

}  // namespace lakelift::http
