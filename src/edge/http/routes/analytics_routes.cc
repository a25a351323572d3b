// Downloads and bytes in windows of time: what was, and what goes on.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <utility>

#include "domain/analytics/window_batch.h"
#include "edge/http/routes/body_fields.h"
#include "edge/http/routes/lakey.h"
#include "edge/http/routes/live_analytics.h"
#include "edge/http/routes/paging.h"
#include "edge/http/routes/routes.h"

namespace lakelift::http {
namespace {

using analytics::WindowLine;
using analytics::WindowsBy;

constexpr Micros kDay = 86'400 * kMicrosPerSecond;
constexpr std::string_view kCounted =
    "A download counts once, when its bytes first cover the whole object, at that time; answers and sent_bytes are "
    "what "
    "really went out, whole or not: docs/events.md.";

// What was asked for.
struct Asked {
  analytics::WindowsQuery query;
  std::string file;    // a line's key, or OWNER/PATH; empty: of all
  std::string person;  // id, email or username
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

std::optional<std::int64_t> id_of(std::string_view key) {
  std::int64_t id = 0;
  const auto read = std::from_chars(key.data(), key.data() + key.size(), id);
  if (read.ec != std::errc{} || read.ptr != key.data() + key.size()) return std::nullopt;
  return id;
}

// "file:7"
bool is_subject_key(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  return (kind == "file" || kind == "download_request") && id_of(text.substr(colon + 1));
}

Asked window_query(QueryFields& fields, const std::string& by) {
  Asked asked;
  analytics::WindowsQuery& query = asked.query;
  query.by = by_of(by).value_or(WindowsBy::kTotal);
  query.from = fields.time("from");
  query.to = fields.time("to");
  query.item_id = fields.integer("item", 1, INT64_MAX);
  query.after = fields.text("next");
  query.limit = page_limit(fields, limits::kPageEntriesMost);
  asked.person = fields.text("person");
  asked.file = fields.text("file");
  if (!asked.file.empty() && !asked.file.contains('/') && !is_subject_key(asked.file)) {
    fields.refuse("file", "Expected OWNER/PATH, or the key of a line: file:7, download_request:12.");
  }
  return asked;
}

// Days are told whole: those in which the time begins and ends too.
void widen_to_days(analytics::WindowsQuery& query) {
  const auto midnight = [](Micros at) { return analytics::window_start(at, kDay / kMicrosPerSecond); };
  if (query.from) query.from = midnight(*query.from);
  if (query.to && midnight(*query.to) != *query.to) query.to = midnight(*query.to) + kDay;
}

void refuse_of_stream(QueryFields& fields, const Asked& asked) {
  if (asked.query.is_by_day) fields.refuse("per", "The stream has only windows.");
  if (asked.query.by != WindowsBy::kTotal) fields.refuse("by", "The stream has only total.");
  if (!asked.file.empty()) fields.refuse("file", "The stream has only total.");
  if (asked.query.item_id) fields.refuse("item", "The stream has only total.");
  if (!asked.person.empty()) fields.refuse("person", "The stream has only total.");
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
  Asked asked = window_query(fields, by);
  asked.is_streamed = source == "stream";
  asked.query.is_by_day = per == "day";
  if (asked.query.is_by_day) widen_to_days(asked.query);
  if (asked.is_streamed) refuse_of_stream(fields, asked);
  TRY_VOID(fields.check());
  return asked;
}

Result<Asked> asked_top(const RequestContext& context) {
  QueryFields fields(context);
  std::string by = fields.text("by");
  if (by.empty()) by = "file";
  if (!by_of(by) || by == "total") fields.refuse("by", "Expected one of owner, file, item, person.");
  Asked asked = window_query(fields, by);
  asked.query.is_whole = true;
  TRY_VOID(fields.check());
  return asked;
}

// Whose numbers the caller may see.
Result<void> narrow_to_caller(const Services& services, const accounts::Account& caller,
                              analytics::WindowsQuery& query) {
  if (caller.type == accounts::AccountType::kAdmin) return {};
  TRY(auto items, services.catalogue.maintained_by(caller.id));
  query.own = analytics::Own{caller.id, std::move(items)};
  return {};
}

// The file that is called so now, where the caller may see it; else what was called so when it last moved.
Result<void> narrow_to_file(const Services& services, const accounts::Account& caller, const std::string& file,
                            analytics::WindowsQuery& query) {
  if (file.empty()) return {};
  if (is_subject_key(file)) {
    query.subject = file;
    return {};
  }
  query.called = file;
  const auto border = file.find('/');
  const auto path = files::FilePath::parse(std::string_view(file).substr(border + 1));
  if (!path) return {};
  const auto found = services.files.get(caller, {file.substr(0, border), *path});
  if (!found && found.error().code != Code::kNotFound) return std::unexpected(found.error());
  if (!found || found->kind != files::FileKind::kFile) return {};
  query.called.reset();
  query.subject = fmt::format("file:{}", found->id);
  return {};
}

// Whom nobody knows has taken nothing: that says as little as somebody who has taken nothing of what the caller may
// see.
Result<void> narrow_to_person(const Services& services, const std::string& person, analytics::WindowsQuery& query) {
  if (person.empty()) return {};
  query.person_id = id_of(person).value_or(0);
  for (const auto& found : {services.accounts.find_by_email(person), services.accounts.find_by_username(person)}) {
    if (!found && found.error().code != Code::kNotFound) return std::unexpected(found.error());
    if (!found) continue;
    query.person_id = found->id;
    break;
  }
  return {};
}

Result<analytics::WindowsPage> read_page(const Services& services, const accounts::Account& caller, Asked asked) {
  TRY_VOID(narrow_to_caller(services, caller, asked.query));
  TRY_VOID(narrow_to_file(services, caller, asked.file, asked.query));
  TRY_VOID(narrow_to_person(services, asked.person, asked.query));
  return services.windows.read(asked.query);
}

// What the lines of one answer are called; the same thing stands in many of them.
class LineNames {
 public:
  LineNames(const Services& services, const accounts::Account& caller, WindowsBy by)
      : services_(services), caller_(caller), by_(by) {}

  Result<std::string> of(const WindowLine& line) {
    if (by_ == WindowsBy::kTotal || by_ == WindowsBy::kFile) return line.name;
    if (const auto known = known_.find(line.key); known != known_.end()) return known->second;
    TRY(auto name, look_up(line));
    return known_.emplace(line.key, std::move(name)).first->second;
  }

 private:
  // People and owners as they are called now; who is gone, as they were last.
  Result<std::string> look_up(const WindowLine& line) {
    const std::int64_t id = id_of(line.key).value_or(0);
    if (by_ == WindowsBy::kItem) {
      const auto item = services_.catalogue.get(caller_, id);
      if (!item && item.error().code != Code::kNotFound) return std::unexpected(item.error());
      return item ? item->name : std::string();
    }
    const auto account = services_.accounts.get(id);
    if (!account && account.error().code != Code::kNotFound) return std::unexpected(account.error());
    if (!account) return line.name;
    return account->email.empty() ? account->username : account->email;
  }

  const Services& services_;
  const accounts::Account& caller_;
  const WindowsBy by_;
  std::map<std::string, std::string> known_;  // by key
};

json::value time_or_null(Micros at) { return at == 0 ? json::value(nullptr) : json::value(iso8601(at)); }

Result<json::object> body_of(const Services& services, const RequestContext& context, WindowsBy by,
                             const analytics::WindowsPage& page) {
  const auto caller = lakey::caller(context);
  json::object body{{"@type", "windows"},
                    {"window_seconds", services.windows.window_seconds()},
                    {"counted", kCounted},
                    {"lines", json::array()},
                    {"total", to_json(page.total)}};
  LineNames names(services, caller, by);
  for (const auto& line : page.lines) {
    TRY(const auto name, names.of(line));
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
    after = id_of(query.after).value_or(INT64_MIN);
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
  TRY(const Asked asked, asked_windows(context));
  const auto caller = lakey::caller(context);
  analytics::WindowsPage page;
  if (asked.is_streamed) {
    TRY(page, streamed_page(services, caller, asked.query));
  } else {
    TRY(page, read_page(services, caller, asked));
  }
  TRY(auto body, body_of(services, context, asked.query.by, page));
  body["source"] = asked.is_streamed ? "stream" : "ledger";
  return lakey::answer(200, "WINDOWS_READ", body);
}

Result<Response> read_top(const Services& services, RequestContext& context) {
  TRY(const Asked asked, asked_top(context));
  TRY(const auto page, read_page(services, lakey::caller(context), asked));
  TRY(auto body, body_of(services, context, asked.query.by, page));
  body["source"] = "ledger";
  return lakey::answer(200, "WINDOWS_READ", body);
}

Result<Response> watch_live(const Services& services, RequestContext& context) {
  Response response;
  response.body = EventStream{.topic = live_topic(lakey::caller(context)), .feed = services.live_feed};
  return response;
}

Result<Response> rebuild(const Services& services, RequestContext& context) {
  TRY(const std::int64_t entries, services.windows.rebuild());
  TRY_VOID(services.slices.spending().rebuild(context.stop));
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
