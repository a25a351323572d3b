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

bool is_name(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

std::string name_in(std::string_view part) { return std::string(part.substr(1, part.size() - 2)); }

// Two patterns that differ only in the names of their parts match the same paths.
std::string shape_of(Method method, const std::vector<std::string>& parts) {
  std::string shape(name_of(method));
  for (const auto& part : parts) shape += "/" + (is_name(part) ? std::string("{}") : part);
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
  return std::ranges::equal(pattern, path, [](const std::string& want, const std::string& have) {
    return is_name(want) ? !have.empty() : want == have;
  });
}

bool more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::lexicographical_compare(a, b, {}, is_name, is_name);
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
    if (!best || more_literal(parts_[i], parts_[*best])) best = i;
  }
  if (!best) {
    const auto methods = methods_of(path);
    if (methods.empty()) return fail(Code::kNotFound, "PATH_NOT_FOUND", "there is nothing at this address");
    return fail(Code::kUnsupported, "METHOD_NOT_ALLOWED", "this address has: " + allow_of(methods));
  }
  RouteMatch found{&routes_[*best], {}};
  for (std::size_t i = 0; i < path_parts->size(); ++i) {
    const std::string& part = parts_[*best][i];
    if (is_name(part)) found.params.emplace(name_in(part), (*path_parts)[i]);
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
