#include "edge/http/routes/file_target.h"

#include <charconv>
#include <utility>

#include "edge/http/digest_header.h"
#include "edge/http/entity_tags.h"

namespace lakelift::http {
namespace {

std::unexpected<Error> wrong_header(std::string_view name, std::string text) {
  return fail(Code::kInvalid, "HEADER_DID_NOT_VALIDATE", std::string(name) + ": " + text,
              {{std::string(name), {std::move(text)}}});
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
  if (const auto match = entity_tags(context, "if-match")) {
    conditions.if_match = match->any ? std::vector<std::string>{"*"} : match->strong;
    // A tag is between quotes, and * is none: nobody may mean "anything" by naming a tag.
    if (!match->any) std::erase(*conditions.if_match, "*");
  }
  if (const auto none = entity_tags(context, "if-none-match")) {
    if (!none->any) return wrong_header("If-None-Match", "only * is offered here: store it where nothing is");
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

Response file_content(files::OpenedFile opened, std::string content_type, std::shared_ptr<TransferWatch> watch) {
  Response response = Response::content({.bytes = std::move(opened.bytes),
                                         .content_type = std::move(content_type),
                                         .sha256 = opened.file.sha256,
                                         .file_name = std::string(opened.file.path.name()),
                                         .modified = opened.file.changed_at,
                                         .watch = std::move(watch)});
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  response.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
  return response;
}

}  // namespace lakelift::http
