#include "edge/cli/remote_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

bool is_plain_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && !part.contains('\0');
}

// Of an empty path: the one empty part.
template <typename Check>
bool all_parts(std::string_view path, Check check) {
  if (path.empty()) return check(path);
  return std::ranges::all_of(std::views::split(path, '/'),
                             [&](const auto& part) { return check(std::string_view(part.begin(), part.end())); });
}

}  // namespace

std::string RemoteName::name() const { return path.substr(path.rfind('/') + 1); }

RemoteName RemoteName::child(std::string_view relative) const {
  return {owner, path.empty() ? std::string(relative) : fmt::format("{}/{}", path, relative), false};
}

Result<RemoteName> parse_remote_name(std::string_view text) {
  RemoteName name;
  std::string_view path = text;
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && !text.substr(0, colon).contains('/')) {
    name.owner = text.substr(0, colon);
    path = text.substr(colon + 1);
  }
  name.is_folder = path.empty() || path.ends_with('/');
  if (path.ends_with('/')) path.remove_suffix(1);
  const bool has_odd_owner = name.owner == "." || name.owner == ".." || name.owner.contains('\0');
  const bool is_whole_place = path.empty() && !text.ends_with('/');
  if (has_odd_owner || (!is_whole_place && !all_parts(path, is_plain_part))) {
    return fail(Code::kInvalid, "",
                fmt::format("\"{}\" is no name at the server: it is [OWNER:]PATH, and no part of the path is empty, "
                            "\".\" or \"..\"",
                            printable(text)));
  }
  name.path = path;
  return name;
}

std::string remote_text(std::string_view owner, std::string_view path, std::string_view own) {
  if (owner != own) return fmt::format("{}:{}", owner, path);
  const bool looks_owned = path.substr(0, path.find('/')).contains(':');
  return (looks_owned ? ":" : "") + std::string(path);
}

std::string address_of(const RemoteName& name) {
  std::string out = "/files/" + percent_encode(name.owner);
  for (const auto part : std::views::split(name.path, '/')) {
    out += "/" + percent_encode(std::string_view(part.begin(), part.end()));
  }
  return name.path.empty() ? out + "/" : out;
}

std::string plain_address_of(const RemoteName& name) { return fmt::format("/files/{}/{}", name.owner, name.path); }

bool is_safe_path(std::string_view path) {
  return all_parts(path,
                   [](std::string_view part) { return is_plain_part(part) && part.size() <= limits::kNameBytes; });
}

}  // namespace lakelift::cli
