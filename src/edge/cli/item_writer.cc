#include "edge/cli/item_writer.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "edge/cli/yaml_scalar.h"

namespace lakelift::cli {
namespace {

constexpr std::size_t kInlineMembers = 3;
constexpr std::size_t kKeyBytes = 1'000;  // YAML's limit for a key without the sign ? is 1,024 characters

// A double that is read as a double by every YAML and JSON: with a dot, and a sign in the exponent.
std::string number_text(double number) {
  std::string text = fmt::format("{}", number);
  const auto e = text.find('e');
  if (text.find('.') == std::string::npos) text.insert(std::min(e, text.size()), ".0");
  return text;
}

// Beyond what JSON escapes, whatever some YAML reader refuses or takes for the end of a line.
bool must_be_escaped(utf8proc_int32_t point) {
  return (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029 || point == 0xfeff || point == 0xfffe ||
         point == 0xffff;
}

template <typename Visit>
void for_each_point(std::string_view text, const Visit& visit) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto* const end = at + text.size();
  while (at < end) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t length = std::max<utf8proc_ssize_t>(utf8proc_iterate(at, end - at, &point), 1);
    visit(point, std::string_view(reinterpret_cast<const char*>(at), static_cast<std::size_t>(length)));
    at += length;
  }
}

std::string quoted(std::string_view text) {
  std::string out;
  for_each_point(json::serialize(json::string(text)), [&](utf8proc_int32_t point, std::string_view bytes) {
    out += must_be_escaped(point) ? fmt::format("\\u{:04x}", point) : std::string(bytes);
  });
  return out;
}

std::string scalar_text(const json::value& value) {
  if (value.is_double()) return number_text(value.get_double());
  if (value.is_string()) return quoted(value.get_string());
  return json::serialize(value);
}

bool is_scalar(const json::value& value) { return !value.is_object() && !value.is_array(); }
bool is_empty(const json::value& value) {
  return (value.is_object() && value.get_object().empty()) || (value.is_array() && value.get_array().empty());
}

// Whether it reads the same as lines of a literal block: several lines, nothing that must be escaped, no line that
// begins or ends in a way that block scalars treat on their own.
bool may_stand_as_lines(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.ends_with("\n\n")) return false;
  if (text.front() == '\n' || text.front() == ' ' || text.front() == '\t') return false;
  bool good = true;
  for_each_point(text, [&](utf8proc_int32_t point, std::string_view) {
    if (must_be_escaped(point) || (point < 0x20 && point != '\n' && point != '\t')) good = false;
  });
  while (good && !text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    good = line.empty() || (line.front() != '\t' && line.back() != ' ' && line.back() != '\t');
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return good;
}

class YamlWriter {
 public:
  std::string run(const json::value& value) {
    if (is_scalar(value) || is_empty(value)) {
      write_inline(value);
      return std::move(out_) + "\n";
    }
    write_block(value, 0);
    return std::move(out_);
  }

 private:
  void write_block(const json::value& value, std::size_t indent) {
    if (value.is_object()) return write_map(value.get_object(), indent, false);
    for (const json::value& entry : value.get_array()) {
      out_ += std::string(indent, ' ') + "- ";
      if (entry.is_object() && !is_empty(entry) && !stands_on_a_line(entry)) {
        write_map(entry.get_object(), indent + 2, true);
      } else {
        write_value(entry, indent);
      }
    }
  }

  // `goes_on`: the first key stands behind a dash.
  void write_map(const json::object& map, std::size_t indent, bool goes_on) {
    for (const auto& [key, value] : map) {
      if (!goes_on) out_ += std::string(indent, ' ');
      goes_on = false;
      if (key.size() > kKeyBytes) {
        out_ += "? " + key_text(key) + "\n" + std::string(indent, ' ') + ": ";
      } else {
        out_ += key_text(key) + ": ";
      }
      write_value(value, indent);
    }
  }

  // What follows "key: " or "- ", up to the line's end.
  void write_value(const json::value& value, std::size_t indent) {
    if (stands_on_a_line(value)) {
      write_inline(value);
      out_ += "\n";
    } else if (value.is_string()) {
      write_lines(value.get_string(), indent + 2);
    } else {
      if (out_.ends_with(": ")) out_.pop_back();
      if (out_.ends_with("- ")) out_.pop_back();
      out_ += "\n";
      write_block(value, indent + 2);
    }
  }

  void write_lines(std::string_view text, std::size_t indent) {
    out_ += text.ends_with('\n') ? "|\n" : "|-\n";
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      if (!line.empty()) out_ += std::string(indent, ' ') + std::string(line);
      out_ += "\n";
      text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
  }

  [[nodiscard]] static bool stands_on_a_line(const json::value& value) {
    if (value.is_string()) return !may_stand_as_lines(value.get_string());
    if (is_scalar(value) || is_empty(value)) return true;
    return value.is_object() && value.get_object().size() <= kInlineMembers &&
           std::ranges::all_of(value.get_object(), [](const auto& member) {
             return is_scalar(member.value()) && member.key().size() <= kKeyBytes;
           });
  }

  void write_inline(const json::value& value) {
    if (value.is_array()) {
      out_ += "[]";
    } else if (value.is_object()) {
      std::string members;
      for (const auto& [key, member] : value.get_object())
        members += fmt::format("{}{}: {}", members.empty() ? "" : ", ", key_text(key), text_of(member));
      out_ += "{" + members + "}";
    } else {
      out_ += text_of(value);
    }
  }

  [[nodiscard]] static std::string key_text(std::string_view key) {
    return may_stand_plain(key) ? std::string(key) : quoted(key);
  }
  [[nodiscard]] static std::string text_of(const json::value& value) {
    return value.is_string() ? key_text(value.get_string()) : scalar_text(value);
  }

  std::string out_;
};

void write_json(const json::value& value, std::size_t indent, std::string& out) {
  if (is_scalar(value)) {
    out += scalar_text(value);
    return;
  }
  const std::string inner = "\n" + std::string(indent + 2, ' ');
  const bool is_object = value.is_object();
  out += is_object ? "{" : "[";
  bool is_first = true;
  const auto begin = [&] {
    out += is_first ? inner : "," + inner;
    is_first = false;
  };
  if (is_object) {
    for (const auto& [key, member] : value.get_object()) {
      begin();
      out += quoted(key) + ": ";
      write_json(member, indent + 2, out);
    }
  } else {
    for (const json::value& entry : value.get_array()) {
      begin();
      write_json(entry, indent + 2, out);
    }
  }
  if (!is_empty(value)) out += "\n" + std::string(indent, ' ');
  out += is_object ? "}" : "]";
}

}  // namespace

std::string to_yaml(const json::value& value) { return YamlWriter().run(value); }

std::string to_pretty_json(const json::value& value) {
  std::string out;
  write_json(value, 0, out);
  return out + "\n";
}

}  // namespace lakelift::cli
