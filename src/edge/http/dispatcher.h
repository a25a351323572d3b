// What a request comes to, without a socket: routing, access, the handler, and the words of refusals.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>

#include "edge/http/guard.h"
#include "edge/http/http_server.h"
#include "edge/http/request_context.h"
#include "edge/http/response.h"

namespace lakelift::http {

struct Decision {
  const Route* route = nullptr;    // set: read the body, then run(); or open(), write() …
  std::optional<Response> answer;  // set: answer this at once
};

// Threadsafe.
class Dispatcher {
 public:
  explicit Dispatcher(const HttpServerParts& parts) : parts_(parts) {}

  // Does not block. Sets the context's method and params.
  [[nodiscard]] Decision decide(const RequestHead& head, RequestContext& context) const;
  // The route at a path, whatever the rest of the request is; nothing where there is none.
  [[nodiscard]] const Route* find_route(Method method, std::string_view path) const;
  // Asks who calls where the route wants to know, then calls the handler. Never throws. Blocks (a worker thread),
  // unless the route is cheap.
  [[nodiscard]] Response run(const Route& route, RequestContext& context, std::optional<unsigned> peer_uid) const;
  // The same for a route that streams, in steps, each of which blocks (a worker thread) and never throws. An answer
  // ends it: the sink is destroyed by then. First who calls, and where the body goes: context.sink …
  [[nodiscard]] std::optional<Response> open(const Route& route, RequestContext& context,
                                             std::optional<unsigned> peer_uid) const;
  // … then its pieces, the last of which may be empty …
  [[nodiscard]] std::optional<Response> write(const Route& route, RequestContext& context,
                                              std::span<const std::byte> piece, bool is_last) const;
  // … then the handler; lets go of the sink.
  [[nodiscard]] Response handle(const Route& route, RequestContext& context) const;
  // What a Wait ends in. Never throws.
  [[nodiscard]] Response run_then(Wait& wait, const Route& route, const RequestContext& context) const;
  // The refusal in the dialect of `route`, or of requests that reach none. Never throws.
  [[nodiscard]] Response refuse(const Refusal& refusal, const RequestContext& context, const Route* route) const;

 private:
  [[nodiscard]] Response render(const Error& error, const RequestContext& context, const Route* route) const;
  [[nodiscard]] Response refuse_method(const RequestHead& head, const RequestContext& context) const;
  [[nodiscard]] Response no_route(const Error& error, const RequestContext& context) const;
  template <typename Call>
  [[nodiscard]] auto guarded(const Route& route, const RequestContext& context, Call call) const -> decltype(call());
  [[nodiscard]] Result<void> admit(const Route& route, RequestContext& context, std::optional<unsigned> peer_uid) const;

  const HttpServerParts& parts_;
};

}  // namespace lakelift::http
