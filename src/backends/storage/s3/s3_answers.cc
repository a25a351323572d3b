#include "backends/storage/s3/s3_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "backends/net/aws/errors.h"
#include "base/transfer_limits.h"

namespace lakelift::storage {
namespace {

struct Rule {
  std::string_view code;
  Attempt attempt;
  Code as;
  Remedy remedy = Remedy::kNone;
};

// Codes of Amazon's and of servers like it ("Error responses", "List of error codes").
constexpr std::array kRules{
    Rule{"InternalError", Attempt::kAgain, Code::kUnavailable},
    Rule{"RequestTimeout", Attempt::kAgain, Code::kUnavailable},
    // Another call is at the same key.
    Rule{"ConditionalRequestConflict", Attempt::kAgain, Code::kUnavailable},
    Rule{"OperationAborted", Attempt::kAgain, Code::kUnavailable},
    Rule{"SlowDown", Attempt::kSlow, Code::kUnavailable},
    Rule{"SlowDownRead", Attempt::kSlow, Code::kUnavailable},
    Rule{"SlowDownWrite", Attempt::kSlow, Code::kUnavailable},
    Rule{"ServiceUnavailable", Attempt::kSlow, Code::kUnavailable},
    Rule{"Throttling", Attempt::kSlow, Code::kUnavailable},
    Rule{"ThrottlingException", Attempt::kSlow, Code::kUnavailable},
    Rule{"TooManyRequests", Attempt::kSlow, Code::kUnavailable},
    // The body was broken on its way.
    Rule{"BadDigest", Attempt::kAgain, Code::kCorrupt},
    Rule{"IncompleteBody", Attempt::kAgain, Code::kCorrupt},
    Rule{"XAmzContentSHA256Mismatch", Attempt::kAgain, Code::kCorrupt},
    Rule{"XAmzContentChecksumMismatch", Attempt::kAgain, Code::kCorrupt},
    Rule{"RequestTimeTooSkewed", Attempt::kDone, Code::kForbidden, Remedy::kClock},
    Rule{"ExpiredToken", Attempt::kDone, Code::kForbidden, Remedy::kCredentials},
    Rule{"InvalidToken", Attempt::kDone, Code::kForbidden, Remedy::kCredentials},
    Rule{"TokenRefreshRequired", Attempt::kDone, Code::kForbidden, Remedy::kCredentials},
    Rule{"NoSuchKey", Attempt::kDone, Code::kNotFound},
    Rule{"NoSuchUpload", Attempt::kDone, Code::kNotFound},
    Rule{"AccessDenied", Attempt::kDone, Code::kForbidden},
    Rule{"NoSuchBucket", Attempt::kDone, Code::kForbidden},
    Rule{"PreconditionFailed", Attempt::kDone, Code::kPrecondition},
    Rule{"InvalidPart", Attempt::kDone, Code::kCorrupt},
    Rule{"InvalidRange", Attempt::kDone, Code::kCorrupt},
    Rule{"QuotaExceeded", Attempt::kDone, Code::kNoSpace},
    Rule{"XMinioStorageFull", Attempt::kDone, Code::kNoSpace},
};

// Where the code says nothing.
Rule rule_of(int status) {
  switch (status) {
    case 404:  // of S3 itself it would name a code: somebody else answered
      return {"", Attempt::kAgain, Code::kCorrupt};
    case 412:
      return {"", Attempt::kDone, Code::kPrecondition};
    case 429:
    case 503:
      return {"", Attempt::kSlow, Code::kUnavailable};
    case 501:
      return {"", Attempt::kDone, Code::kForbidden};
    case 507:
      return {"", Attempt::kDone, Code::kNoSpace};
    default:
      break;
  }
  const bool is_ours = status >= 300 && status < 500;
  return is_ours ? Rule{"", Attempt::kDone, Code::kForbidden} : Rule{"", Attempt::kAgain, Code::kUnavailable};
}

std::string_view event_of(Code code) {
  if (code == Code::kForbidden) return "STORAGE_REFUSED";
  return code == Code::kUnavailable ? "STORAGE_UNAVAILABLE" : "";
}

std::string_view hint_of(int status, std::string_view code) {
  if (status == 301 || status == 307 || code == "AuthorizationHeaderMalformed") return ": is the region right?";
  if (code == "NoSuchBucket") return ": there is no such bucket; make it, or configure another one";
  if (code == "RequestTimeTooSkewed") return ": this machine's clock is wrong";
  if (code == "SignatureDoesNotMatch") return ": check the secret of the key";
  if (code == "InvalidAccessKeyId") return ": check the id of the key";
  if (status == 401 || status == 403) return ": check the key, and what it may do with the bucket";
  return "";
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Outcome error_in(std::string_view host, net::TransferAnswer& answer, const net::XmlElement& error) {
  return failed(host, answer.status(), error.text_of("Code"));
}

}  // namespace

Outcome failed(std::string_view host, int status, std::string_view code) {
  const auto* const known = std::ranges::find(kRules, code, &Rule::code);
  const Rule rule = known == kRules.end() ? rule_of(status) : *known;
  const std::string shown = aws::shown_code(code);
  std::string message = fmt::format("the object store {} answered {}{}{}{}", host, status, shown.empty() ? "" : " ",
                                    shown, hint_of(status, code));
  return {rule.attempt, Error{rule.as, std::string(event_of(rule.as)), std::move(message), {}}, rule.remedy};
}

Outcome senseless(std::string_view host, std::string_view what) {
  return {Attempt::kAgain, Error{Code::kCorrupt,
                                 "",
                                 fmt::format("the object store {} gave an answer that makes no sense: {}", host, what),
                                 {}}};
}

Outcome not_answered(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kDeadline:
      return {Attempt::kAgain, aws::away("the object store: " + error.message).error()};
    case Code::kTooLarge:
      return {Attempt::kAgain, Error{Code::kCorrupt, "", "the object store: " + error.message, {}}};
    case Code::kInvalid:
    case Code::kForbidden:
      return {Attempt::kDone, aws::refused("the object store: " + error.message).error()};
    default:  // of the bytes that were to be sent
      return {Attempt::kDone, error};
  }
}

std::string code_of(std::string_view document) {
  const auto root = net::parse_xml(document);
  return root && root->name == "Error" ? root->text_of("Code") : "";
}

Outcome read_document(std::string_view host, net::TransferAnswer& answer, std::string_view root,
                      const OnDocument& on_document) {
  const auto text = answer.text(limits::kXmlBytes);
  if (!text) return not_answered(text.error());
  const auto document = net::parse_xml(*text);
  if (!document) return senseless(host, document.error().message);
  if (document->name == "Error") return error_in(host, answer, *document);
  if (document->name != root) return senseless(host, fmt::format("it is no {}", root));
  if (const auto good = on_document(*document); !good) return senseless(host, good.error().message);
  return {};
}

Outcome read_nothing(std::string_view host, net::TransferAnswer& answer) {
  const auto text = answer.text(limits::kErrorAnswerBytes);
  if (!text) return not_answered(text.error());
  if (is_blank(*text)) return {};
  const auto document = net::parse_xml(*text);
  if (document && document->name == "Error") return error_in(host, answer, *document);
  return senseless(host, "it has a body, where there is none");
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace lakelift::storage
