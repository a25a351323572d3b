// What all our calls over libcurl have in common.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "backends/net/address_rule.h"
#include "base/result.h"

namespace lakelift::net {

void init_curl_once();

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  curl_easy_setopt(easy, option, value);
}

[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
// Of "HTTP/1.1 206 Partial Content"; 0: it makes no sense.
[[nodiscard]] int status_of(std::string_view status_line);

// TLS, no proxy, no redirect; `url` outlives the call.
void prepare_connection(CURL* easy, const std::string& url, const CheckedUrl& checked, const std::string& ca_file);
// A socket for the address, closed by exec.
[[nodiscard]] curl_socket_t new_socket(const curl_sockaddr& address);

[[nodiscard]] std::unexpected<Error> address_refused(const CheckedUrl& url);
// Of a call that failed; `timeout_ms` is named where it took too long.
[[nodiscard]] Error error_of(CURLcode code, const CheckedUrl& url, int timeout_ms, const char* detail);

// Errors: kInvalid where it can't be read. Empty is fine.
[[nodiscard]] Result<void> check_ca_file(const std::string& ca_file);

}  // namespace lakelift::net
