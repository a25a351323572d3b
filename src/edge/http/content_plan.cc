#include "edge/http/content_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/encoding.h"
#include "base/limits.h"
#include "edge/http/entity_tags.h"
#include "edge/http/http_date.h"

namespace lakelift::http {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 9110, 13.2.2: a condition on tags goes before the one on dates that says the same. 0: all hold.
int failed_condition(const Content& content, const RequestContext& request) {
  const auto date = [&](std::string_view name) -> std::optional<Micros> {
    const auto text = request.header(name);
    if (!text || !content.modified) return std::nullopt;
    return parse_http_date(trim(*text));
  };
  const Micros modified = content.modified.value_or(0) / kMicrosPerSecond * kMicrosPerSecond;
  if (const auto tags = entity_tags(request, "if-match")) {
    if (!tags->has_strong(content.sha256)) return 412;
  } else if (const auto since = date("if-unmodified-since"); since && modified > *since) {
    return 412;
  }
  if (const auto tags = entity_tags(request, "if-none-match")) {
    if (tags->has_weak(content.sha256)) return 304;
  } else if (const auto since = date("if-modified-since"); since && modified <= *since) {
    return 304;
  }
  return 0;
}

// A number above what fits counts as "past the end".
std::optional<std::uint64_t> number_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    const bool fits = number <= (std::numeric_limits<std::uint64_t>::max() - digit) / 10;
    number = fits ? number * 10 + digit : std::numeric_limits<std::uint64_t>::max();
  }
  return number;
}

enum class OneRange { kMalformed, kOutside, kInside };

OneRange parse_one(std::string_view text, std::uint64_t size, ByteRange& out) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return OneRange::kMalformed;
  const auto last = number_of(text.substr(dash + 1));
  if (!last && dash + 1 < text.size()) return OneRange::kMalformed;
  if (dash == 0) {  // the last so many bytes
    if (!last) return OneRange::kMalformed;
    const std::uint64_t length = std::min(*last, size);
    out = ByteRange{size - length, length};
    return length == 0 ? OneRange::kOutside : OneRange::kInside;
  }
  const auto first = number_of(text.substr(0, dash));
  if (!first || (last && *last < *first)) return OneRange::kMalformed;
  if (*first >= size) return OneRange::kOutside;
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  out = ByteRange{*first, end - *first + 1};
  return OneRange::kInside;
}

bool overlap(std::vector<ByteRange> ranges) {
  std::ranges::sort(ranges, {}, &ByteRange::first);
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i - 1].first + ranges[i - 1].length > ranges[i].first) return true;
  }
  return false;
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, size);
}

void add_parts(ContentPlan& plan, const Content& content, const std::vector<ByteRange>& ranges, std::uint64_t size,
               std::string_view boundary) {
  plan.headers.emplace_back("Content-Type", fmt::format("multipart/byteranges; boundary={}", boundary));
  for (const auto& range : ranges) {
    std::string text =
        fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", plan.pieces.empty() ? "" : "\r\n",
                    boundary, content.content_type, content_range(range, size));
    plan.pieces.push_back({std::move(text), range.first, range.length});
  }
  plan.pieces.push_back({fmt::format("\r\n--{}--\r\n", boundary), 0, 0});
}

// Which ranges, if any, after If-Range: where its tag is not ours (a date never is), the whole is sent.
RangeOutcome ranges_for(const RequestContext& request, std::string_view etag, std::uint64_t size,
                        std::vector<ByteRange>& ranges) {
  const auto range = request.header("range");
  if (!range || request.method != Method::kGet) return RangeOutcome::kWhole;
  const auto condition = request.header("if-range");
  if (condition && trim(*condition) != etag) return RangeOutcome::kWhole;
  return parse_ranges(*range, size, ranges);
}

void plan_body(ContentPlan& plan, const Content& content, const RequestContext& request, std::string_view etag,
               std::string_view boundary) {
  const std::uint64_t size = content.bytes->size_bytes();
  std::vector<ByteRange> ranges;
  const RangeOutcome outcome = ranges_for(request, etag, size, ranges);
  if (outcome == RangeOutcome::kUnsatisfiable) {
    plan.status = 416;
    plan.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return;
  }
  if (const auto digest = hex_decode(content.sha256); digest && digest->size() == 32) {
    plan.headers.emplace_back("Repr-Digest", "sha-256=:" + base64_encode(as_bytes(*digest)) + ":");
  }
  if (!content.file_name.empty())
    plan.headers.emplace_back("Content-Disposition", content_disposition(content.file_name));
  if (outcome == RangeOutcome::kPartial) plan.status = 206;
  if (ranges.size() > 1) {
    add_parts(plan, content, ranges, size, boundary);
  } else {
    const ByteRange range = ranges.empty() ? ByteRange{0, size} : ranges.front();
    plan.headers.emplace_back("Content-Type", content.content_type);
    if (plan.status == 206) plan.headers.emplace_back("Content-Range", content_range(range, size));
    plan.pieces.push_back({"", range.first, range.length});
  }
  for (const auto& piece : plan.pieces) plan.content_length += piece.text.size() + piece.length;
}

}  // namespace

RangeOutcome parse_ranges(std::string_view header, std::uint64_t size, std::vector<ByteRange>& out) {
  out.clear();
  header = trim(header);
  const std::size_t equals = header.find('=');
  if (equals == std::string_view::npos || trim(header.substr(0, equals)) != "bytes") return RangeOutcome::kWhole;
  header.remove_prefix(equals + 1);
  std::vector<ByteRange> found;
  std::size_t asked = 0;
  while (true) {
    const std::size_t comma = header.find(',');
    const std::string_view text = trim(header.substr(0, comma));
    if (!text.empty()) {
      ByteRange range;
      const OneRange kind = parse_one(text, size, range);
      if (kind == OneRange::kMalformed) return RangeOutcome::kWhole;
      if (++asked > limits::kRangesPerRequest) return RangeOutcome::kUnsatisfiable;
      if (kind == OneRange::kInside) found.push_back(range);
    }
    if (comma == std::string_view::npos) break;
    header.remove_prefix(comma + 1);
  }
  if (asked == 0) return RangeOutcome::kWhole;
  if (found.empty()) return RangeOutcome::kUnsatisfiable;
  if (overlap(found)) return RangeOutcome::kWhole;
  out = std::move(found);
  return RangeOutcome::kPartial;
}

ContentPlan plan_content(const Content& content, const RequestContext& request, std::string_view boundary) {
  ContentPlan plan;
  const std::string etag = "\"" + content.sha256 + "\"";
  plan.headers.emplace_back("ETag", etag);
  plan.headers.emplace_back("Accept-Ranges", "bytes");
  if (content.modified) plan.headers.emplace_back("Last-Modified", http_date(*content.modified));
  plan.status = failed_condition(content, request);
  if (plan.status == 0) {
    plan.status = 200;
    plan_body(plan, content, request, etag, boundary);
  }
  return plan;
}

namespace {

bool is_bidi_control(std::uint32_t c) {
  return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x2028 || c == 0x2029;
}

// `text` is valid UTF-8; advances `at` past the character that begins there.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  std::uint32_t character = lead & (0x3fu >> more);
  for (int i = 0; i < more; ++i) character = (character << 6) | (static_cast<unsigned char>(text[at++]) & 0x3fu);
  return character;
}

}  // namespace

std::string content_disposition(std::string_view file_name) {
  std::string plain;  // for clients that read no filename*
  std::string cleaned;
  if (!is_valid_utf8(file_name)) file_name = "download";
  for (std::size_t at = 0; at < file_name.size();) {
    const std::size_t begin = at;
    const std::uint32_t c = next_character(file_name, at);
    const bool harmful = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '"' || c == '\\' || c == '/' || is_bidi_control(c);
    plain += harmful || c >= 0x7f || c == '%' ? '_' : static_cast<char>(c);
    if (harmful) {
      cleaned += '_';
    } else {
      cleaned += file_name.substr(begin, at - begin);
    }
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, percent_encode(cleaned));
}

}  // namespace lakelift::http
