#include "edge/http/routes/file_target.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/clock.h"
#include "edge/http/digest_header.h"

namespace lakelift::http {
namespace {

std::unexpected<Error> wrong_header(std::string_view name, std::string text) {
  return fail(Code::kInvalid, "HEADER_DID_NOT_VALIDATE", std::string(name) + ": " + text,
              {{std::string(name), {std::move(text)}}});
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// All values of one name: If-Match is a list and may come in several lines.
std::optional<std::string> joined(const RequestContext& context, std::string_view name) {
  std::optional<std::string> all;
  for (const auto& [key, value] : context.headers) {
    if (key == name) all = all ? *all + "," + value : value;
  }
  return all;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// What the tags of a list name. Tags that are weak or not ours match nothing, as RFC 9110 has it; what is no list of
// tags is an error.
Result<std::vector<std::string>> tags_of(std::string_view list, std::string_view name) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view tag = trim(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (tag.empty()) continue;
    const bool weak = tag.starts_with("W/");
    if (weak) tag.remove_prefix(2);
    if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') {
      return wrong_header(name, "say it as it stood in ETag, with its quotes: \"0123…\", or *");
    }
    tag = tag.substr(1, tag.size() - 2);
    out.emplace_back(weak || !is_sha256(tag) ? std::string_view("-") : tag);
  }
  if (out.empty()) return wrong_header(name, "it names nothing: say \"0123…\", or *");
  return out;
}

}  // namespace

Result<FileTarget> file_target_of(const RequestContext& context) {
  const auto owner = context.params.find("owner");
  const auto path = context.params.find("path");
  FileTarget target;
  if (owner != context.params.end()) target.at.owner = owner->second;
  const std::string text = path == context.params.end() ? std::string() : path->second;
  target.says_folder = text.empty() || text.ends_with('/');
  TRY(target.at.path, files::FilePath::parse(text));
  return target;
}

Result<files::Conditions> conditions_of(const RequestContext& context) {
  files::Conditions conditions;
  if (const auto match = joined(context, "if-match")) {
    if (trim(*match) == "*") {
      conditions.if_match = {"*"};
    } else {
      TRY(conditions.if_match, tags_of(*match, "If-Match"));
    }
  }
  if (const auto none = joined(context, "if-none-match")) {
    if (trim(*none) != "*") return wrong_header("If-None-Match", "only * is offered here: store it where nothing is");
    conditions.if_none_match_any = true;
  }
  return conditions;
}

Result<files::UploadTerms> upload_terms_of(const RequestContext& context) {
  if (context.header("content-range")) {
    return wrong_header("Content-Range", "a part of a file can't be stored: send the whole of it");
  }
  files::UploadTerms terms;
  TRY(terms.conditions, conditions_of(context));
  TRY(terms.expected_sha256, claimed_sha256(context));
  if (const auto length = context.header("content-length")) {
    std::uint64_t bytes = 0;
    const auto [end, failed] = std::from_chars(length->data(), length->data() + length->size(), bytes);
    if (failed == std::errc() && end == length->data() + length->size()) terms.announced_bytes = bytes;
  }
  return terms;
}

std::string etag_of(const files::FileInfo& file) { return "\"" + file.sha256 + "\""; }

Response file_content(files::OpenedFile opened, std::string content_type) {
  Response response = Response::content({.bytes = std::move(opened.bytes),
                                         .content_type = std::move(content_type),
                                         .sha256 = opened.file.sha256,
                                         .file_name = std::string(opened.file.path.name())});
  response.headers.emplace_back("Last-Modified", http_date(opened.file.changed_at));
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
  return response;
}

}  // namespace lakelift::http
