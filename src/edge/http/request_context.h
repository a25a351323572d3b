// What a handler sees of a request.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "edge/http/body_sink.h"

namespace lakelift::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
[[nodiscard]] std::string_view name_of(Method method);
[[nodiscard]] std::optional<Method> method_of(std::string_view name);

// Who calls, as the Authenticator found it.
struct Principal {
  std::int64_t account_id = 0;
  std::string email;
  bool is_admin = false;   // an account of type ADMIN with a token that may be used for that
  bool may_change = true;  // false: the token is for reading alone
  bool by_api_token = false;
};

struct RequestContext {
  Method method = Method::kGet;
  std::string target;                                        // as it stood in the request line
  std::string path;                                          // the part before '?', not decoded
  std::map<std::string, std::string> params;                 // {name} parts of the route's pattern, decoded once
  std::vector<std::pair<std::string, std::string>> query;    // decoded once, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::shared_ptr<BodySink> sink;  // where the body went; of routes that stream it
  std::optional<Principal> principal;
  std::string base_url;        // "http://127.0.0.1:3000": what addresses handed out begin with
  std::string trace_id;        // of the caller's traceparent header, 32 hex digits; or empty
  std::string request_id;      // 16 hex digits, in the log and in X-Request-Id
  bool is_local = false;       // came over the Unix socket
  std::string client_address;  // the peer's, or what a trusted proxy says; "local" over the Unix socket
  std::stop_token stop;        // asked when the server stops

  [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_case_name) const;
  // All values of a header that is a list and may come in several lines, with commas in between.
  [[nodiscard]] std::optional<std::string> joined_header(std::string_view lower_case_name) const;
  // The last of that name.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  // Error: kNotFound where the {name} part is not an integer >= 0 (such a thing can't exist).
  [[nodiscard]] Result<std::int64_t> int_param(const std::string& name) const;
  // Error: kInvalid BODY_JSON_DID_NOT_PARSE.
  [[nodiscard]] Result<json::value> json_body() const;
};

}  // namespace lakelift::http
