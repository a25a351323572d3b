#include "edge/http/routes/negotiate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace lakelift::http {
namespace {

constexpr std::string_view kFormatParameter = "format=";
constexpr std::size_t kAcceptParts = 64;

struct MediaType {
  std::string_view name;
  columnar::Format format;
};
constexpr std::array kMediaTypes = {
    MediaType{"text/csv", columnar::Format::kCsv},
    MediaType{"application/vnd.apache.parquet", columnar::Format::kParquet},
    MediaType{"application/parquet", columnar::Format::kParquet},
    MediaType{"application/vnd.apache.arrow.stream", columnar::Format::kArrow},
    MediaType{"application/vnd.apache.arrow.file", columnar::Format::kArrow},
    MediaType{"application/x-ndjson", columnar::Format::kJsonl},
    MediaType{"application/jsonl", columnar::Format::kJsonl},
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the part before `separator` off the front of `rest`.
std::string_view take_part(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// Thousandths; RFC 9110, 12.4.2. A broken weight counts as 0: what we can't read is not liked.
int weight_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  int weight = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int unit = 100;
  for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return 0;
    weight += (digit - '0') * unit;
    unit /= 10;
  }
  return std::min(weight, 1000);
}

}  // namespace

Result<std::optional<std::string_view>> signed_query(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view query = target.substr(mark + 1);
  const std::string_view name = query.substr(std::min(kFormatParameter.size(), query.size()));
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.';
  });
  if (query.starts_with(kFormatParameter) && plain) return name;
  return fail(Code::kForbidden, "LINK_NOT_VALID", "only ?format=csv, parquet, arrow or jsonl may follow this address");
}

std::optional<columnar::Format> format_of_accept(std::string_view accept) {
  std::optional<columnar::Format> best;
  int best_weight = 0;
  for (std::size_t i = 0; i < kAcceptParts && !accept.empty(); ++i) {
    std::string_view part = take_part(accept, ',');
    const std::string name = lower(take_part(part, ';'));
    int weight = 1000;
    while (!part.empty()) {
      const std::string parameter = lower(take_part(part, ';'));
      if (parameter.starts_with("q=")) weight = weight_of(std::string_view(parameter).substr(2));
    }
    if (weight <= best_weight) continue;
    const auto known = std::ranges::find(kMediaTypes, name, &MediaType::name);
    if (known != kMediaTypes.end()) {
      best = known->format;
      best_weight = weight;
    } else if (name == "*/*") {
      best = std::nullopt;  // anything: our own choice is as good
      best_weight = weight;
    }
  }
  return best;
}

Result<columnar::Format> choose_format(std::optional<std::string_view> named, const RequestContext& context) {
  if (named) {
    if (const auto format = columnar::format_of(*named)) return *format;
    return fail(Code::kInvalid, "QUERY_DID_NOT_VALIDATE", "format: csv, parquet, arrow or jsonl",
                {{"format", {fmt::format("\"{}\" is not a valid choice.", *named)}}});
  }
  const auto accept = context.header("accept");
  return (accept ? format_of_accept(*accept) : std::nullopt).value_or(columnar::Format::kCsv);
}

}  // namespace lakelift::http
