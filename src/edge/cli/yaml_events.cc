#include "edge/cli/yaml_events.h"

#include <fmt/format.h>
#include <utf8proc.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

constexpr std::string_view kPlain = "?";   // how the parser marks an unquoted scalar
constexpr std::string_view kQuoted = "!";  // and a quoted one
constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

int line_at(const YAML::Mark& mark) { return mark.line + 1; }

[[noreturn]] void refuse(int line, std::string why) { throw YamlRefusal{line, std::move(why)}; }
[[noreturn]] void refuse_key(int line, std::string why) { throw YamlRefusal{line, std::move(why), true}; }

std::size_t size_of(const Located& node) {
  std::size_t size = 1;
  for (const Located& entry : node.list) size += size_of(entry);
  for (const auto& [key, value] : node.members) size += size_of(value);
  return size;
}

std::size_t depth_of(const Located& node) {
  std::size_t depth = 0;
  for (const Located& entry : node.list) depth = std::max(depth, depth_of(entry));
  for (const auto& [key, value] : node.members) depth = std::max(depth, depth_of(value));
  return depth + 1;
}

// The parser turns the escapes \N and \_ into one byte each, 0x85 and 0xA0, instead of two. Files are UTF-8, so that
// any byte that does not fit is one of these.
std::string mended(const std::string& text) {
  if (is_valid_utf8(text)) return text;
  std::string out;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(at, end - at, &point);
    if (length <= 0) out += '\xC2';
    const auto taken = static_cast<std::size_t>(std::max<utf8proc_ssize_t>(length, 1));
    out.append(reinterpret_cast<const char*>(at), taken);
    at += taken;
  }
  return out;
}

// "str" for "!!str"; a tag that is not YAML's own is refused.
std::string_view core_tag(std::string_view tag, int line) {
  if (tag.starts_with(kTagPrefix)) return tag.substr(kTagPrefix.size());
  refuse(line, fmt::format("the tag {} is not known: leave it out", tag));
}

json::value resolve(const std::string& text, Dialect dialect, int line) {
  auto value = resolve_plain_scalar(text, dialect);
  if (!value) refuse(line, value.error().message);
  return *std::move(value);
}

bool fits(const json::value& value, std::string_view tag) {
  if (tag == "int") return value.is_int64() || value.is_uint64();
  if (tag == "float") return value.is_number();
  if (tag == "bool") return value.is_bool();
  return tag == "null" && value.is_null();
}

json::value scalar_of(const std::string& text, std::string_view tag, Dialect dialect, int line) {
  if (tag == kPlain) return resolve(text, dialect, line);
  if (tag == kQuoted) return json::value(json::string(text));
  const std::string_view name = core_tag(tag, line);
  if (name == "str" || name == "timestamp") return json::value(json::string(text));
  const bool is_known = name == "int" || name == "float" || name == "bool" || name == "null";
  // A number that is said to be one needs no dot.
  const json::value value =
      is_known ? resolve(text, name == "float" ? Dialect::kJson : dialect, line) : json::value("");
  if (!fits(value, name)) refuse(line, fmt::format("\"{}\" is no !!{} that can be read", printable(text), name));
  if (name == "float") return json::value(value.to_number<double>());
  return value;
}

void check_collection_tag(std::string_view tag, std::string_view wanted, int line) {
  if (tag.empty() || tag == kPlain || tag == kQuoted) return;
  const std::string_view name = core_tag(tag, line);
  if (name != wanted) refuse(line, fmt::format("the tag !!{} is not known: leave it out", name));
}

}  // namespace

void YamlEvents::OnDocumentStart(const YAML::Mark& mark) {
  root_ = {};
  root_.line = line_at(mark);
  open_.clear();
  anchors_.clear();
}

void YamlEvents::OnDocumentEnd() {}

void YamlEvents::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  if (key_is_due()) refuse_key(line_at(mark), "a key must be a text: put null or ~ in quotes");
  count(1, line_at(mark));
  Located node;
  node.line = line_at(mark);
  place(std::move(node), anchor);
}

void YamlEvents::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                          const std::string& value) {
  if (key_is_due()) return take_key(mark, mended(value), tag == kPlain);
  count(1, line_at(mark));
  Located node;
  node.line = line_at(mark);
  node.scalar = scalar_of(mended(value), tag, dialect_, node.line);
  place(std::move(node), anchor);
}

void YamlEvents::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const int line = line_at(mark);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) refuse(line, "an alias inside of what it stands for");
  if (key_is_due()) refuse(line, "an alias can't be a key");
  count(size_of(found->second), line);
  if (open_.size() + depth_of(found->second) > limits::kItemFileDepth)
    refuse(line, fmt::format("deeper than {} levels", limits::kItemFileDepth));
  place(found->second, 0);
}

void YamlEvents::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                 YAML::EmitterStyle::value /*style*/) {
  check_collection_tag(tag, "seq", line_at(mark));
  open(Located::Kind::kList, mark, anchor);
}

void YamlEvents::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                            YAML::EmitterStyle::value /*style*/) {
  check_collection_tag(tag, "map", line_at(mark));
  open(Located::Kind::kMap, mark, anchor);
}

void YamlEvents::OnSequenceEnd() { close(); }

void YamlEvents::OnMapEnd() {
  Open& map = open_.back();
  std::unordered_set<std::string> known;
  for (const auto& [key, value] : map.node.members) known.insert(key);
  for (Located& from : map.merged) {
    for (auto& [key, value] : from.members) {
      if (known.insert(key).second) map.node.members.emplace_back(key, std::move(value));
    }
  }
  close();
}

void YamlEvents::open(Located::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
  const int line = line_at(mark);
  if (key_is_due()) refuse_key(line, "a key must be a text");
  if (open_.size() >= limits::kItemFileDepth)
    refuse(line, fmt::format("deeper than {} levels", limits::kItemFileDepth));
  count(1, line);
  Open& opened = open_.emplace_back();
  opened.node.kind = kind;
  opened.node.line = line;
  opened.anchor = anchor;
}

void YamlEvents::close() {
  Open closed = std::move(open_.back());
  open_.pop_back();
  place(std::move(closed.node), closed.anchor);
}

void YamlEvents::place(Located node, YAML::anchor_t anchor) {
  if (anchor != 0) {
    count(size_of(node), node.line);
    anchors_[anchor] = node;
  }
  if (open_.empty()) {
    root_ = std::move(node);
  } else if (open_.back().node.kind == Located::Kind::kList) {
    open_.back().node.list.push_back(std::move(node));
  } else {
    place_in_map(open_.back(), std::move(node));
  }
}

void YamlEvents::place_in_map(Open& map, Located node) {
  map.has_key = false;
  if (map.merges) return merge(map, std::move(node));
  map.node.members.emplace_back(std::move(map.key), std::move(node));
}

void YamlEvents::merge(Open& map, Located node) const {
  map.merges = false;
  std::vector<Located> sources;
  if (node.kind == Located::Kind::kList) {
    sources = std::move(node.list);
  } else {
    sources.push_back(std::move(node));
  }
  for (Located& source : sources) {
    if (source.kind != Located::Kind::kMap) refuse(map.key_line, "<< takes a map, or a list of maps");
    map.merged.push_back(std::move(source));
  }
}

bool YamlEvents::key_is_due() const {
  return !open_.empty() && open_.back().node.kind == Located::Kind::kMap && !open_.back().has_key;
}

void YamlEvents::take_key(const YAML::Mark& mark, const std::string& text, bool is_plain) {
  Open& map = open_.back();
  map.key = text;
  map.key_line = line_at(mark);
  map.has_key = true;
  map.merges = is_plain && text == "<<";
  if (!map.merges && !map.keys.emplace(text, map.key_line).second)
    refuse(map.key_line, fmt::format("the key \"{}\" stands here a second time (first in line {})", printable(text),
                                     map.keys.at(text)));
}

void YamlEvents::count(std::size_t nodes, int line) {
  nodes_ += nodes;
  if (nodes_ > limits::kItemFileNodes)
    refuse(line, fmt::format("more than {} values in one file", limits::kItemFileNodes));
}

}  // namespace lakelift::cli
