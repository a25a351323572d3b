#include "edge/cli/located.h"

#include <charconv>

namespace lakelift::cli {
namespace {

struct Step {
  const Located* to = nullptr;
  std::string_view rest;  // of the path
};

bool begins_with_key(std::string_view path, std::string_view key) {
  return path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
}

std::string_view after(std::string_view path, std::size_t size) {
  return path.size() <= size ? std::string_view() : path.substr(size + 1);
}

Step step_into_map(const Located& map, std::string_view path) {
  Step best;
  std::size_t longest = 0;
  for (const auto& [key, value] : map.members) {
    if (!begins_with_key(path, key) || (best.to != nullptr && key.size() <= longest)) continue;
    longest = key.size();
    best = {&value, after(path, key.size())};
  }
  return best;
}

Step step_into_list(const Located& list, std::string_view path) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), index);
  const auto size = static_cast<std::size_t>(end - path.data());
  if (error != std::errc() || index >= list.list.size() || (size < path.size() && path[size] != '.')) return {};
  return {&list.list[index], after(path, size)};
}

}  // namespace

json::value to_json(const Located& located) {
  if (located.kind == Located::Kind::kList) {
    json::array array;
    array.reserve(located.list.size());
    for (const Located& entry : located.list) array.push_back(to_json(entry));
    return array;
  }
  if (located.kind == Located::Kind::kMap) {
    json::object object;
    object.reserve(located.members.size());
    for (const auto& [key, value] : located.members) object.insert_or_assign(key, to_json(value));
    return object;
  }
  return located.scalar;
}

const Located* member_of(const Located& map, std::string_view key) {
  for (const auto& [name, value] : map.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

int line_of(const Located& root, std::string_view path) {
  const Located* at = &root;
  while (!path.empty()) {
    const Step step = at->kind == Located::Kind::kMap    ? step_into_map(*at, path)
                      : at->kind == Located::Kind::kList ? step_into_list(*at, path)
                                                         : Step{};
    if (step.to == nullptr) break;
    at = step.to;
    path = step.rest;
  }
  return at->line;
}

}  // namespace lakelift::cli
