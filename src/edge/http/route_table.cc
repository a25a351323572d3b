#include "edge/http/route_table.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"

namespace lakelift::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = path.find('/');
    parts.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

// What a part of a pattern is. In the order of their strength: where several fit, the first wins.
enum class Kind { kLiteral, kName, kRest };

constexpr std::string_view kRestEnd = "...}";

Kind kind_of(std::string_view part) {
  if (part.size() <= 2 || part.front() != '{' || part.back() != '}') return Kind::kLiteral;
  return part.ends_with(kRestEnd) ? Kind::kRest : Kind::kName;
}

std::string name_in(std::string_view part) {
  const std::size_t around = kind_of(part) == Kind::kRest ? kRestEnd.size() + 1 : 2;
  return std::string(part.substr(1, part.size() - around));
}

// Two patterns that differ only in the names of their parts match the same paths.
std::string shape_of(Method method, const std::vector<std::string>& parts) {
  std::string shape(name_of(method));
  for (const auto& part : parts) {
    const Kind kind = kind_of(part);
    shape += "/" + (kind == Kind::kLiteral ? part : std::string(kind == Kind::kName ? "{}" : "{...}"));
  }
  return shape;
}

// The path's parts, decoded once; nothing where an escape is broken.
std::optional<std::vector<std::string>> decode_parts(std::string_view path) {
  std::vector<std::string> parts = split(path);
  for (auto& part : parts) {
    auto decoded = percent_decode(part);
    if (!decoded) return std::nullopt;
    part = *std::move(decoded);
  }
  return parts;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  const bool takes_rest = kind_of(pattern.back()) == Kind::kRest;
  const std::size_t before_rest = pattern.size() - (takes_rest ? 1 : 0);
  if (takes_rest ? path.size() < pattern.size() : path.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < before_rest; ++i) {
    if (kind_of(pattern[i]) == Kind::kName ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

bool wins(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::lexicographical_compare(a, b, {}, kind_of, kind_of);
}

// What is left of the path, as one text; nothing where an escape hid a slash: "a%2Fb" is not the b in a.
std::optional<std::string> join_rest(const std::vector<std::string>& path, std::size_t from) {
  std::string rest;
  for (std::size_t i = from; i < path.size(); ++i) {
    if (path[i].find('/') != std::string::npos) return std::nullopt;
    if (i > from) rest += '/';
    rest += path[i];
  }
  return rest;
}

// Why a pattern can't be one; empty: it can.
std::string_view problem_of(const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (kind_of(parts[i]) != Kind::kRest) continue;
    if (i + 1 < parts.size()) return "has a {name...} that is not its end";
    if (name_in(parts[i]).empty()) return "has a {...} without a name";
  }
  return {};
}

}  // namespace

void RouteTable::add(Route route) {
  parts_.push_back(split(route.pattern));
  routes_.push_back(std::move(route));
}

Result<void> RouteTable::check() const {
  std::set<std::string> shapes;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    const std::string name = std::string(name_of(route.method)) + " " + route.pattern;
    const auto refuse = [&name](std::string_view why) {
      return fail(Code::kInternal, "ROUTE_TABLE_IS_WRONG", "the route " + name + " " + std::string(why));
    };
    if (!route.pattern.starts_with('/')) return refuse("does not begin with '/'");
    if (route.access == Access::kUnset) return refuse("does not say who may call it");
    if (!route.handler) return refuse("has no handler");
    if (!route.render_error) return refuse("has no error renderer");
    const bool needs_account = route.access == Access::kAccount || route.access == Access::kAdmin;
    if (route.cheap && needs_account) return refuse("is cheap, but signing in is not");
    if (route.method == Method::kHead) return refuse("is HEAD, which GET answers");
    if (const auto problem = problem_of(parts_[i]); !problem.empty()) return refuse(problem);
    if (route.open_sink && route.json_body) return refuse("streams its body, so it can't want JSON");
    if (route.open_sink && route.cheap) return refuse("is cheap, but writing a body somewhere is not");
    if (route.open_sink && route.method == Method::kGet) return refuse("is GET, which brings no body");
    if (!shapes.insert(shape_of(route.method, parts_[i])).second) return refuse("stands twice");
  }
  return {};
}

Result<RouteMatch> RouteTable::match(Method method, std::string_view path) const {
  const auto path_parts = decode_parts(path);
  if (!path_parts) return fail(Code::kInvalid, "the path has a broken percent escape");
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (routes_[i].method != wanted || !fits(parts_[i], *path_parts)) continue;
    if (!best || wins(parts_[i], parts_[*best])) best = i;
  }
  if (!best) {
    const auto methods = methods_of(path);
    if (methods.empty()) return fail(Code::kNotFound, "PATH_NOT_FOUND", "there is nothing at this address");
    return fail(Code::kUnsupported, "METHOD_NOT_ALLOWED", "this address has: " + allow_of(methods));
  }
  RouteMatch found{&routes_[*best], {}};
  for (std::size_t i = 0; i < path_parts->size(); ++i) {
    const std::string& part = parts_[*best][i];
    const Kind kind = kind_of(part);
    if (kind == Kind::kName) found.params.emplace(name_in(part), (*path_parts)[i]);
    if (kind != Kind::kRest) continue;
    auto rest = join_rest(*path_parts, i);
    if (!rest) return fail(Code::kInvalid, "the path hides a slash in an escape: write %2F as it is, '/'");
    found.params.emplace(name_in(part), *std::move(rest));
    break;
  }
  return found;
}

std::vector<Method> RouteTable::methods_of(std::string_view path) const {
  std::set<Method> methods;
  const auto path_parts = decode_parts(path);
  if (!path_parts) return {};
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!fits(parts_[i], *path_parts)) continue;
    methods.insert(routes_[i].method);
    methods.insert(Method::kOptions);
    if (routes_[i].method == Method::kGet) methods.insert(Method::kHead);
  }
  return {methods.begin(), methods.end()};
}

std::string allow_of(const std::vector<Method>& methods) {
  std::string text;
  for (const Method method : methods) {
    if (!text.empty()) text += ", ";
    text += name_of(method);
  }
  return text;
}

}  // namespace lakelift::http
