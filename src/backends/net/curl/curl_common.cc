#include "backends/net/curl/curl_common.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace lakelift::net {
namespace {

struct CurlGlobal {
  CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

}  // namespace

void init_curl_once() { static const CurlGlobal once; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.remove_suffix(1);
  while (!text.empty() && std::strchr(" \t", text.front()) != nullptr) text.remove_prefix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

int status_of(std::string_view status_line) {
  const auto space = status_line.find(' ');
  const std::string_view code = space == std::string_view::npos ? "" : status_line.substr(space + 1, 3);
  if (code.size() != 3) return 0;
  return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

void prepare_connection(CURL* easy, const std::string& url, const CheckedUrl& checked, const std::string& ca_file) {
  set(easy, CURLOPT_URL, url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, checked.is_https ? "https" : "http");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_USERAGENT, "lakelift");
  if (!ca_file.empty()) set(easy, CURLOPT_CAINFO, ca_file.c_str());
}

curl_socket_t new_socket(const curl_sockaddr& address) {
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

std::unexpected<Error> address_refused(const CheckedUrl& url) {
  return fail(Code::kInvalid, "ADDRESS_NOT_ALLOWED", url.host + " stands for an address that is never called");
}

Error error_of(CURLcode code, const CheckedUrl& url, int timeout_ms, const char* detail) {
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return {Code::kDeadline, "PEER_TOO_SLOW", fmt::format("{} did not answer within {} ms", url.host, timeout_ms), {}};
  }
  const char* why = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return {Code::kForbidden,
            "CERTIFICATE_NOT_TRUSTED",
            fmt::format("the certificate of {} is not trusted: {}", url.host, why),
            {}};
  }
  return {Code::kUnavailable, "PEER_UNREACHABLE", fmt::format("{} can't be reached: {}", url.host, why), {}};
}

Result<void> check_ca_file(const std::string& ca_file) {
  if (ca_file.empty() || ::access(ca_file.c_str(), R_OK) == 0) return {};
  return fail(Code::kInvalid, "the file of certificate authorities can't be read");
}

}  // namespace lakelift::net
