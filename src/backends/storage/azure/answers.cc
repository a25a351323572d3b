#include "backends/storage/azure/answers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "backends/net/xml/xml.h"
#include "backends/storage/azure/signing.h"

namespace lakelift::storage {
namespace {

constexpr std::size_t kMostCodeChars = 64;

// A code goes into messages and logs, so nothing else may.
bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= kMostCodeChars &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; });
}

std::string told(std::string_view text) { return is_code(text) ? std::string(text) : ""; }

template <typename T>
std::optional<T> number_of(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string_view what_to_mend(std::string_view code) {
  if (code == "ContainerNotFound") return "make it, or configure another one";
  if (code == "AuthenticationFailed") return "check the account's name, its key and this machine's clock";
  if (code == "KeyBasedAuthenticationNotPermitted") return "let the account permit Shared Key";
  if (code == "InvalidHeaderValue") return "the endpoint must know the service's version 2026-02-06";
  if (code.starts_with("Authorization"))
    return "check the account's key, and that its network rules and rights allow this server";
  if (code == "AccountIsDisabled" || code == "ContainerBeingDeleted" || code == "ContainerDisabled") {
    return "enable it, or configure another one";
  }
  return "check the account, the container and the endpoint";
}

std::unexpected<Error> no_listing() {
  return fail(Code::kCorrupt, "the object store's listing makes no sense or is cut off");
}

Result<AzureListing::Blob> parse_blob(const net::XmlElement& element, std::string_view prefix) {
  const net::XmlElement* name = element.find("Name");
  const net::XmlElement* properties = element.find("Properties");
  if (name == nullptr || properties == nullptr || !name->text.starts_with(prefix)) return no_listing();
  AzureListing::Blob blob{name->text.substr(prefix.size()), 0, 0, true};
  // What is not committed has no Content-Type; all that is committed has one.
  blob.is_committed = !properties->text_of("Content-Type").empty();
  if (!blob.is_committed) return blob;
  const auto size = number_of<std::uint64_t>(properties->text_of("Content-Length"));
  const auto modified = parse_http_date(properties->text_of("Last-Modified"));
  if (!size || !modified) return no_listing();
  blob.size_bytes = *size;
  blob.modified = *modified;
  return blob;
}

}  // namespace

bool AzureAnswer::is_bare(int wanted) const { return is(wanted) && is_blank(body); }

bool AzureAnswer::is_conflict() const { return (status == 409 && code == "BlobAlreadyExists") || status == 412; }

bool AzureAnswer::is_blob_missing() const { return status == 404 && code == "BlobNotFound"; }

std::string AzureAnswer::header(std::string_view lower_case_name) const {
  return std::string(head->header(lower_case_name).value_or(""));
}

std::string azure_error_code(const net::TransferAnswer& head, std::string_view body) {
  if (const auto code = head.header("x-ms-error-code")) return told(*code);
  if (is_blank(body) || body.find("<Error") == std::string_view::npos) return "";
  const auto document = net::parse_xml(body);
  if (!document || document->name != "Error") return "";
  const std::string code = told(document->text_of("Code"));
  return code.empty() ? "Error" : code;
}

Attempt azure_attempt(int status, std::string_view code) {
  static constexpr std::array<int, 4> kAgain{408, 500, 502, 504};
  static constexpr std::array<std::string_view, 3> kAgainCodes{"InternalError", "OperationTimedOut", "Md5Mismatch"};
  if (status == 503 || status == 429 || code == "ServerBusy") return Attempt::kSlow;
  const bool again =
      std::ranges::find(kAgain, status) != kAgain.end() || std::ranges::find(kAgainCodes, code) != kAgainCodes.end();
  return again ? Attempt::kAgain : Attempt::kDone;
}

std::unexpected<Error> azure_refusal(const AzureAnswer& answer, std::string_view host, std::string_view container) {
  const std::string said = std::string(host) + " answered " + std::to_string(answer.status) +
                           (answer.code.empty() ? "" : " " + answer.code) + " for the container " +
                           std::string(container);
  if (answer.is_blob_missing()) return fail(Code::kNotFound, said);
  if (answer.status == 507) return fail(Code::kNoSpace, said);
  if (answer.status >= 500 || azure_attempt(answer.status, answer.code) != Attempt::kDone) {
    return fail(Code::kUnavailable, "STORAGE_UNAVAILABLE", said + "; try again later");
  }
  const bool is_refused = answer.status == 401 || answer.status == 403;
  if (is_refused || (answer.status >= 400 && answer.status != 416 && !answer.code.empty())) {
    return fail(Code::kForbidden, "STORAGE_REFUSED", said + ": " + std::string(what_to_mend(answer.code)));
  }
  return fail(Code::kCorrupt, said + ", which makes no sense here");
}

Result<AzureListing> parse_azure_listing(std::string_view document, std::string_view prefix) {
  const auto root = net::parse_xml(document);
  if (!root || root->name != "EnumerationResults") return no_listing();
  const net::XmlElement* blobs = root->find("Blobs");
  const net::XmlElement* marker = root->find("NextMarker");
  if (blobs == nullptr || marker == nullptr) return no_listing();
  AzureListing listing;
  listing.marker = marker->text;
  for (const net::XmlElement& child : blobs->children) {
    if (child.name != "Blob") continue;
    TRY(AzureListing::Blob blob, parse_blob(child, prefix));
    listing.blobs.push_back(std::move(blob));
  }
  return listing;
}

std::optional<Micros> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = number_of<unsigned>(text.substr(5, 2));
  const auto year = number_of<int>(text.substr(12, 4));
  const auto hours = number_of<int>(text.substr(17, 2));
  const auto minutes = number_of<int>(text.substr(20, 2));
  const auto seconds = number_of<int>(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hours || !minutes || !seconds) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                                         std::chrono::day(*day)};
  if (!date.ok() || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + *hours) * 60 + *minutes) * 60 + *seconds) * kMicrosPerSecond;
}

bool is_content_range(std::string_view header, std::uint64_t offset, std::uint64_t length_bytes) {
  const std::string wanted = "bytes " + std::to_string(offset) + "-" + std::to_string(offset + length_bytes - 1) + "/";
  if (!header.starts_with(wanted)) return false;
  const auto whole = number_of<std::uint64_t>(header.substr(wanted.size()));
  return whole && *whole >= offset + length_bytes;
}

}  // namespace lakelift::storage
