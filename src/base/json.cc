#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift {
namespace {

// Builds the document with two differences from Boost.JSON's own parser: equal keys are refused (it keeps the last; two
// readers of one body must not see two different bodies), and doubles are rounded correctly (its own may be a unit in
// the last place off, and then a filter `= 0.1` would not find 0.1).
struct StrictHandler {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  using error_code = boost::system::error_code;
  using string_view = json::string_view;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_object_begin(error_code&) {
    keys.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t n, error_code&) {
    keys.pop_back();
    stack.push_object(n);
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code& ec) {
    key.append(part.data(), part.size());
    if (!keys.back().insert(key).second) {
      duplicate = key;
      ec = make_error_code(boost::system::errc::invalid_argument);
      return false;
    }
    stack.push_key(key);
    key.clear();
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(string_view part, error_code&) {
    number.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, string_view, error_code&) {
    stack.push_int64(value);
    number.clear();
    return true;
  }
  bool on_uint64(std::uint64_t value, string_view, error_code&) {
    stack.push_uint64(value);
    number.clear();
    return true;
  }
  bool on_double(double about, string_view part, error_code& ec) {
    number.append(part.data(), part.size());
    double exact = 0;
    const auto [end, result] = std::from_chars(number.data(), number.data() + number.size(), exact);
    if (result == std::errc::result_out_of_range) {  // too large: refused; too small: zero
      if (std::abs(about) >= 1) {
        ec = make_error_code(boost::system::errc::result_out_of_range);
        return false;
      }
      exact = std::copysign(0.0, about);
    }
    stack.push_double(exact);
    number.clear();
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  json::value_stack stack;
  std::vector<std::unordered_set<std::string>> keys;
  std::string key;
  std::string number;
  std::string duplicate;
};

json::parse_options options() {
  json::parse_options o;
  o.max_depth = limits::kJsonDepth;
  return o;
}

std::unexpected<Error> refuse(std::string reason) {
  return fail(Code::kInvalid, "BODY_JSON_DID_NOT_PARSE", "the body is not JSON: " + reason,
              {{"_", {"JSON did not parse. REASON: " + reason}}});
}

void write_canonical(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    std::vector<std::string_view> keys;
    for (const auto& member : *object) keys.emplace_back(member.key().data(), member.key().size());
    std::ranges::sort(keys);
    out += '{';
    for (const auto key : keys) {
      if (out.back() != '{') out += ',';
      out += json::serialize(json::value(json::string(key)));
      out += ':';
      write_canonical(object->at(key), out);
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& element : *array) {
      if (out.back() != '[') out += ',';
      write_canonical(element, out);
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  if (!is_valid_utf8(text)) return refuse("it is not valid UTF-8");
  json::basic_parser<StrictHandler> parser(options());
  parser.handler().stack.reset();
  boost::system::error_code ec;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (!parser.handler().duplicate.empty()) {
    return refuse(fmt::format("the key '{}' stands twice in one object", parser.handler().duplicate));
  }
  if (ec) return refuse(fmt::format("{} at byte {}", ec.message(), used));
  if (used != text.size()) return refuse(fmt::format("something follows the document at byte {}", used));
  return parser.handler().stack.release();
}

std::string to_text(const json::value& value) { return json::serialize(value); }

std::string to_canonical_text(const json::value& value) {
  std::string out;
  write_canonical(value, out);
  return out;
}

const json::value* find(const json::object& object, std::string_view key) { return object.if_contains(key); }

std::optional<std::string> find_string(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<std::int64_t> find_int(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<double> find_number(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::optional<bool> find_bool(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

}  // namespace lakelift
