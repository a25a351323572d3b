#include "edge/http/multipart_head.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "edge/http/guard.h"

namespace lakelift::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

std::string_view trim(std::string_view text) {
  skip_blanks(text);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

// `text` begins behind the opening quote; left behind the closing one.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string out;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return out;
    const bool escapes = c == '\\' && !text.empty() && (text.front() == '"' || text.front() == '\\');
    if (escapes) {
      c = text.front();
      text.remove_prefix(1);
    }
    out += c;
  }
  return std::nullopt;
}

std::optional<std::string> take_value(std::string_view& text) {
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    return take_quoted(text);
  }
  const std::string_view value = trim(text.substr(0, text.find(';')));
  text.remove_prefix(std::min(text.find(';'), text.size()));
  if (!is_token(value)) return std::nullopt;
  return std::string(value);
}

// One header line into `head`; the disposition's parameters are its name and file name.
std::optional<std::string> take_line(std::string_view name, std::string_view value, PartHead& head, bool& disposed) {
  if (name == "content-disposition") {
    auto parsed = parse_header_value(value);
    if (!parsed || parsed->value != "form-data" || !parsed->params.contains("name")) {
      return "a part's Content-Disposition is not: form-data; name=\"…\"";
    }
    if (std::exchange(disposed, true)) return "a part has two Content-Dispositions";
    head.name = std::move(parsed->params["name"]);
    if (const auto file = parsed->params.find("filename"); file != parsed->params.end()) head.file_name = file->second;
  } else if (name == "content-type") {
    if (!head.content_type.empty()) return "a part has two Content-Types";
    head.content_type = value;
  } else if (name == "content-transfer-encoding") {
    const std::string encoding = lower(value);
    if (encoding != "binary" && encoding != "8bit" && encoding != "7bit") {
      return "a part has a Content-Transfer-Encoding: send its bytes as they are";
    }
  }
  return std::nullopt;
}

}  // namespace

std::unexpected<Error> fail_multipart(std::string why) {
  return fail(Code::kInvalid, "BODY_MULTIPART_DID_NOT_PARSE", std::move(why));
}

std::optional<HeaderValue> parse_header_value(std::string_view text) {
  HeaderValue out;
  out.value = lower(trim(text.substr(0, text.find(';'))));
  text.remove_prefix(std::min(text.find(';'), text.size()));
  while (!text.empty()) {
    text.remove_prefix(1);  // the semicolon
    skip_blanks(text);
    if (text.empty() || text.front() == ';') continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name = lower(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    auto value = take_value(text);
    if (!value || !is_token(name)) return std::nullopt;
    if (!out.params.emplace(name, *std::move(value)).second) return std::nullopt;
    skip_blanks(text);
    if (!text.empty() && text.front() != ';') return std::nullopt;
  }
  return out;
}

Result<PartHead> parse_part_head(std::string_view block) {
  if (!is_valid_utf8(block)) return fail_multipart("a part's head is not UTF-8");
  PartHead head;
  bool disposed = false;
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 2);
    const std::size_t colon = line.find(':');
    const bool is_line =
        colon != std::string_view::npos && is_token(line.substr(0, colon)) && std::ranges::none_of(line, is_control);
    if (!is_line) return fail_multipart("a part's head has a line that is not \"Name: value\"");
    const auto problem = take_line(lower(line.substr(0, colon)), trim(line.substr(colon + 1)), head, disposed);
    if (problem) return fail_multipart(*problem);
  }
  if (!disposed) return fail_multipart("a part has no Content-Disposition");
  return head;
}

}  // namespace lakelift::http
