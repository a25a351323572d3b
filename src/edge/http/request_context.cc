#include "edge/http/request_context.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

namespace lakelift::http {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethods{{{Method::kGet, "GET"},
                                                                       {Method::kHead, "HEAD"},
                                                                       {Method::kPost, "POST"},
                                                                       {Method::kPut, "PUT"},
                                                                       {Method::kPatch, "PATCH"},
                                                                       {Method::kDelete, "DELETE"},
                                                                       {Method::kOptions, "OPTIONS"}}};

}  // namespace

std::string_view name_of(Method method) {
  const auto* found = std::ranges::find(kMethods, method, [](const auto& entry) { return entry.first; });
  return found == kMethods.end() ? "?" : found->second;
}

std::optional<Method> method_of(std::string_view name) {
  const auto* found = std::ranges::find(kMethods, name, [](const auto& entry) { return entry.second; });
  if (found == kMethods.end()) return std::nullopt;
  return found->first;
}

std::optional<std::string_view> RequestContext::header(std::string_view lower_case_name) const {
  const auto found =
      std::ranges::find(headers, lower_case_name, [](const auto& entry) { return std::string_view(entry.first); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> RequestContext::joined_header(std::string_view lower_case_name) const {
  std::optional<std::string> all;
  for (const auto& [name, value] : headers) {
    if (name != lower_case_name) continue;
    all = all ? *all + "," + value : value;
  }
  return all;
}

std::optional<std::string_view> RequestContext::query_value(std::string_view name) const {
  for (const auto& [key, value] : query | std::views::reverse) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<std::int64_t> RequestContext::int_param(const std::string& name) const {
  const auto found = params.find(name);
  if (found == params.end()) return fail(Code::kInternal, "the route has no part {" + name + "}");
  const std::string& text = found->second;
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool digits_only = !text.empty() && text.front() != '-';
  if (problem != std::errc{} || end != text.data() + text.size() || !digits_only) {
    return fail(Code::kNotFound, "no such " + name);
  }
  return number;
}

Result<json::value> RequestContext::json_body() const { return parse_json(body); }

}  // namespace lakelift::http
