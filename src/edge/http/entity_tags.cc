#include "edge/http/entity_tags.h"

#include <algorithm>

namespace lakelift::http {
namespace {

bool is_between(char c) { return c == ' ' || c == '\t' || c == ','; }

}  // namespace

bool EntityTags::has_strong(std::string_view tag) const {
  return any || std::ranges::find(strong, tag) != strong.end();
}

bool EntityTags::has_weak(std::string_view tag) const {
  return has_strong(tag) || std::ranges::find(weak, tag) != weak.end();
}

EntityTags parse_entity_tags(std::string_view list) {
  EntityTags out;
  const auto skip = [&list](auto unwanted) {
    const auto* const end = std::ranges::find_if_not(list, unwanted);
    list.remove_prefix(static_cast<std::size_t>(end - list.begin()));
  };
  skip(is_between);
  while (!list.empty()) {
    const bool is_weak = list.starts_with("W/\"");
    if (is_weak) list.remove_prefix(2);
    if (list.front() != '"') {
      const std::string_view word = list.substr(0, list.find(','));
      const bool is_alone = word.find_last_not_of(" \t") == 0 && word.size() == list.size();
      if (word.front() == '*' && is_alone && out.strong.empty() && out.weak.empty()) out.any = true;
      list.remove_prefix(word.size());
    } else {
      const std::size_t end = list.find('"', 1);  // a comma in quotes is part of the tag
      if (end == std::string_view::npos) break;
      (is_weak ? out.weak : out.strong).emplace_back(list.substr(1, end - 1));
      list.remove_prefix(end + 1);
    }
    skip(is_between);
  }
  return out;
}

std::optional<EntityTags> entity_tags(const RequestContext& request, std::string_view lower_case_name) {
  const auto list = request.joined_header(lower_case_name);
  if (!list) return std::nullopt;
  return parse_entity_tags(*list);
}

}  // namespace lakelift::http
