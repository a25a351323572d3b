// Every route of the server, with who may call it. A route without an access rule fails the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "edge/http/body_sink.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"

namespace lakelift::http {

enum class Access {
  kUnset,    // refused at the start
  kPublic,   // anybody
  kLink,     // the address itself is the key; the handler verifies it
  kAccount,  // any signed-in account
  kAdmin,    // accounts of type ADMIN
};

// Blocking code on a worker thread. An exception that escapes becomes 500.
using Handler = std::function<Response(RequestContext&)>;
// How a dialect says an error: Lakey's envelope, FastAPI's detail …
using ErrorRenderer = std::function<Response(const Error&, const RequestContext&)>;
// Where the body goes that is about to come: on a worker thread, after the access rule, before a byte is read (or
// "100 Continue" said). An error is the answer.
using SinkOpener = std::function<Result<std::shared_ptr<BodySink>>(RequestContext&)>;

struct Route {
  Method method = Method::kGet;  // a GET route answers HEAD too
  // "/catalogue/items/{id}": {name} is one part; paths end as written (slash or none). At the end {name...} is all that
  // is left, slashes too, and may be empty ("/files/{owner}/{path...}" fits "/files/alice/", not "/files/alice"); a
  // part of it in which an escape hides a slash is refused.
  std::string pattern;
  Access access = Access::kUnset;
  Handler handler;
  ErrorRenderer render_error;  // for what the edge refuses itself on this route (401, 403, 413 …) and for exceptions
  std::uint64_t body_limit_bytes = limits::kJsonBodyBytes;
  // Set: the body is streamed there, context.body stays empty, and the handler finds the sink as context.sink.
  SinkOpener open_sink;
  std::string summary;  // one line, for the OpenAPI check and the log
  // Runs on the edge's own thread, never behind slow handlers (threats D15): only for a public handler that touches no
  // disk, lock or service.
  bool cheap = false;
  // A POST that only asks: also for tokens that may only read. GET never changes anything.
  bool changes_nothing = false;
  bool json_body = true;  // a body that says it is something other than JSON is refused with 415
};

struct RouteMatch {
  const Route* route = nullptr;  // owned by the table
  std::map<std::string, std::string> params;
};

// Threadsafe once the last route was added.
class RouteTable {
 public:
  void add(Route route);
  // Errors: a route without access, handler or renderer; a cheap one that needs an account or streams; one that streams
  // and wants JSON or is GET; a pattern that does not begin with '/' or has more behind a {name...}; two routes for one
  // method and pattern.
  [[nodiscard]] Result<void> check() const;
  // `path` not decoded; each part is decoded once. Where several fit, a literal wins over a {name} and that over a
  // {name...}, part by part from the left. Errors: kNotFound; kInvalid: a broken escape, or one that hides a slash;
  // kUnsupported (405) whose message lists the methods that the path has.
  [[nodiscard]] Result<RouteMatch> match(Method method, std::string_view path) const;
  // HEAD with GET, OPTIONS wherever there is any; empty for a path that is not there.
  [[nodiscard]] std::vector<Method> methods_of(std::string_view path) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> parts_;  // of each route's pattern, split at '/'
};

// "GET, HEAD, OPTIONS": what Allow says.
[[nodiscard]] std::string allow_of(const std::vector<Method>& methods);

}  // namespace lakelift::http
