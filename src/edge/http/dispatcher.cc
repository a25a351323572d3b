#include "edge/http/dispatcher.h"

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>

#include "base/log.h"
#include "edge/http/response_head.h"

namespace lakelift::http {
namespace {

struct Wording {
  int status;
  Code code;
  std::string_view event;
};

constexpr std::array<Wording, 12> kWordings{{{400, Code::kInvalid, "REQUEST_WAS_BROKEN"},
                                             {404, Code::kNotFound, "PATH_NOT_FOUND"},
                                             {405, Code::kUnsupported, "METHOD_NOT_ALLOWED"},
                                             {408, Code::kDeadline, "REQUEST_TIMED_OUT"},
                                             {413, Code::kTooLarge, "BODY_TOO_LARGE"},
                                             {414, Code::kTooLarge, "ADDRESS_TOO_LONG"},
                                             {415, Code::kUnsupported, "MEDIA_TYPE_NOT_SUPPORTED"},
                                             {417, Code::kUnsupported, "EXPECTATION_FAILED"},
                                             {431, Code::kTooLarge, "HEADER_TOO_LARGE"},
                                             {501, Code::kUnsupported, "METHOD_NOT_IMPLEMENTED"},
                                             {503, Code::kUnavailable, "SERVER_IS_BUSY"},
                                             {505, Code::kUnsupported, "HTTP_VERSION_NOT_SUPPORTED"}}};

Error error_of(const Refusal& refusal) {
  const auto* found = std::ranges::find(kWordings, refusal.status, &Wording::status);
  if (found == kWordings.end()) return Error{Code::kInternal, {}, refusal.reason, {}};
  return Error{found->code, std::string(found->event), refusal.reason, {}};
}

Response plain(const Error& error) {
  return Response::json(500, json::object{{"@event", error.event.empty() ? code_name(error.code) : error.event},
                                          {"@type", "error"},
                                          {"message", error.message}});
}

Response allowed(const std::vector<Method>& methods) {
  Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", allow_of(methods));
  return response;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// application/json or application/…+json, with no charset or UTF-8; or nothing said.
bool says_json(const RequestHead& head) {
  const auto type = head.header("content-type");
  if (!type || type->empty()) return true;
  const std::string text = lower(*type);
  const std::size_t semicolon = text.find(';');
  std::string_view media = std::string_view(text).substr(0, semicolon);
  while (media.ends_with(' ') || media.ends_with('\t')) media.remove_suffix(1);
  if (media != "application/json" && !(media.starts_with("application/") && media.ends_with("+json"))) return false;
  const std::size_t charset = text.find("charset=");
  if (charset == std::string::npos) return true;
  const std::string_view value = std::string_view(text).substr(charset + 8);
  return value.starts_with("utf-8") || value.starts_with("utf8") || value.starts_with("\"utf-8\"");
}

std::optional<Refusal> check_body_claims(const RequestHead& head, const Route& route) {
  const auto encoding = head.header("content-encoding");
  if (encoding && lower(*encoding) != "identity")
    return Refusal{415, "compressed bodies are not read: send it as it is"};
  if (head.content_length.value_or(0) > route.body_limit_bytes) return Refusal{413, "the body is too large"};
  if (head.has_body() && route.json_body && !says_json(head))
    return Refusal{415, "the body must be application/json in UTF-8"};
  return std::nullopt;
}

}  // namespace

Response Dispatcher::render(const Error& error, const RequestContext& context, const Route* route) const {
  const ErrorRenderer& renderer = route != nullptr ? route->render_error : parts_.render_error;
  if (!renderer) return plain(error);
  try {
    Response response = renderer(error, context);
    if (std::holds_alternative<std::string>(response.body)) return response;
    log_error("an error was rendered as something other than text", {{"request", context.request_id}});
  } catch (const std::exception& problem) {
    log_error("an error could not be rendered", {{"request", context.request_id}, {"problem", problem.what()}});
  }
  return plain(error);
}

Response Dispatcher::refuse(const Refusal& refusal, const RequestContext& context, const Route* route) const {
  Response response = render(error_of(refusal), context, route);
  response.status = refusal.status;
  if (refusal.status == 503 && !has_header(response.headers, "Retry-After"))
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response Dispatcher::refuse_method(const RequestHead& head, const RequestContext& context) const {
  if (head.method != "TRACE") return refuse({501, "this method is not known here"}, context, nullptr);
  Response response = refuse({405, "TRACE is not offered"}, context, nullptr);
  response.headers.emplace_back("Allow", allow_of(parts_.routes.methods_of(context.path)));
  return response;
}

Response Dispatcher::no_route(const Error& error, const RequestContext& context) const {
  if (error.code == Code::kInvalid) return refuse({400, error.message}, context, nullptr);
  const auto methods = parts_.routes.methods_of(context.path);
  if (methods.empty()) return refuse({404, error.message}, context, nullptr);
  if (context.method == Method::kOptions) return allowed(methods);
  Response response = refuse({405, error.message}, context, nullptr);
  response.headers.emplace_back("Allow", allow_of(methods));
  return response;
}

Decision Dispatcher::decide(const RequestHead& head, RequestContext& context) const {
  const auto method = method_of(head.method);
  if (!method) return {nullptr, refuse_method(head, context)};
  context.method = *method;
  if (context.path == "*") {
    return {nullptr, allowed({Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete,
                              Method::kOptions})};
  }
  auto match = parts_.routes.match(context.method, context.path);
  if (!match) return {nullptr, no_route(match.error(), context)};
  context.params = std::move(match->params);
  if (auto problem = check_body_claims(head, *match->route)) return {nullptr, refuse(*problem, context, match->route)};
  return {match->route, std::nullopt};
}

const Route* Dispatcher::find_route(Method method, std::string_view path) const {
  const auto match = parts_.routes.match(method, path);
  return match ? match->route : nullptr;
}

Result<void> Dispatcher::admit(const Route& route, RequestContext& context, std::optional<unsigned> peer_uid) const {
  if (route.access != Access::kAccount && route.access != Access::kAdmin) return {};
  TRY(context.principal, parts_.authenticate(context, peer_uid));
  if (route.access == Access::kAdmin && !context.principal->is_admin) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "only administrators may do this");
  }
  const bool only_reads = route.method == Method::kGet || route.changes_nothing;
  if (!context.principal->may_change && !only_reads) {
    return fail(Code::kForbidden, "ACCESS_DENIED", "this token may only read: use one with the scope \"write\"");
  }
  return {};
}

// Whatever a route's code throws is logged, and is 500 for the caller.
template <typename Call>
auto Dispatcher::guarded(const Route& route, const RequestContext& context, Call call) const -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& problem) {
    log_error("a handler failed",
              {{"request", context.request_id}, {"route", route.pattern}, {"problem", problem.what()}});
  } catch (...) {
    log_error("a handler failed", {{"request", context.request_id}, {"route", route.pattern}});
  }
  return refuse({500, "this is a fault of ours; the log has it under the request's id"}, context, &route);
}

Response Dispatcher::run(const Route& route, RequestContext& context, std::optional<unsigned> peer_uid) const {
  return guarded(route, context, [&] {
    if (auto admitted = admit(route, context, peer_uid); !admitted) return render(admitted.error(), context, &route);
    return route.handler(context);
  });
}

std::optional<Response> Dispatcher::open(const Route& route, RequestContext& context,
                                         std::optional<unsigned> peer_uid) const {
  return guarded(route, context, [&]() -> std::optional<Response> {
    if (auto admitted = admit(route, context, peer_uid); !admitted) return render(admitted.error(), context, &route);
    auto sink = route.open_sink(context);
    if (!sink) return render(sink.error(), context, &route);
    context.sink = *std::move(sink);
    if (!context.sink) throw std::logic_error("the route opened no sink");
    return std::nullopt;
  });
}

std::optional<Response> Dispatcher::write(const Route& route, RequestContext& context, std::span<const std::byte> piece,
                                          bool is_last) const {
  auto failed = guarded(route, context, [&]() -> std::optional<Response> {
    Result<void> written;
    if (!piece.empty()) written = context.sink->write(piece);
    if (written && is_last) written = context.sink->finish();
    if (!written) return render(written.error(), context, &route);
    return std::nullopt;
  });
  if (failed) context.sink.reset();
  return failed;
}

Response Dispatcher::handle(const Route& route, RequestContext& context) const {
  Response response = guarded(route, context, [&] { return route.handler(context); });
  context.sink.reset();
  return response;
}

Response Dispatcher::run_then(Wait& wait, const Route& route, const RequestContext& context) const {
  return guarded(route, context, [&] {
    Response response = wait.then();
    const bool answers =
        std::holds_alternative<std::string>(response.body) || std::holds_alternative<Content>(response.body);
    if (answers) return response;
    log_error("a wait ended in another wait", {{"request", context.request_id}, {"route", route.pattern}});
    return refuse({500, "this is a fault of ours; the log has it under the request's id"}, context, &route);
  });
}

}  // namespace lakelift::http
