#include "backends/net/curl/curl_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "backends/net/address_rule.h"

namespace lakelift::net {
namespace {

struct CurlGlobal {
  CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  curl_easy_setopt(easy, option, value);
}

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

// One call on its way: what libcurl's callbacks need.
class Call {
 public:
  Call(const CurlOptions& options, const HttpRequest& request, CheckedUrl url)
      : options_(options), request_(request), url_(std::move(url)), easy_(curl_easy_init()) {}
  ~Call() {
    curl_slist_free_all(header_list_);
    curl_easy_cleanup(easy_);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Result<HttpResponse> run() {
    if (easy_ == nullptr) return fail(Code::kInternal, "libcurl could not start a call");
    prepare_connection();
    prepare_message();
    const CURLcode code = curl_easy_perform(easy_);
    if (code != CURLE_OK) return std::unexpected(error_of(code));
    return std::move(response_);
  }

 private:
  void prepare_connection() {
    set(easy_, CURLOPT_URL, request_.url.c_str());
    set(easy_, CURLOPT_PROTOCOLS_STR, url_.is_https ? "https" : "http");
    set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy_, CURLOPT_PROXY, "");
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout_ms));
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.timeout_ms));
    set(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options_.ca_file.empty()) set(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
    set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Call::open_socket);
    set(easy_, CURLOPT_OPENSOCKETDATA, this);
    set(easy_, CURLOPT_ERRORBUFFER, error_text_);
  }

  void prepare_message() {
    set(easy_, CURLOPT_USERAGENT, "lakelift");
    if (request_.method == HttpMethod::kPost) {
      set(easy_, CURLOPT_POST, 1L);
      set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      set(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
    }
    for (const auto& [name, value] : request_.headers) add_header(fmt::format("{}: {}", name, value));
    add_header("Expect:");
    set(easy_, CURLOPT_HTTPHEADER, header_list_);
    set(easy_, CURLOPT_HEADERFUNCTION, &Call::on_header);
    set(easy_, CURLOPT_HEADERDATA, this);
    set(easy_, CURLOPT_WRITEFUNCTION, &Call::on_body);
    set(easy_, CURLOPT_WRITEDATA, this);
  }

  void add_header(const std::string& line) { header_list_ = curl_slist_append(header_list_, line.c_str()); }

  [[nodiscard]] Error error_of(CURLcode code) const {
    if (is_refused_) {
      return {Code::kInvalid, "ADDRESS_NOT_ALLOWED", url_.host + " stands for an address that is never called", {}};
    }
    if (is_too_large_) {
      return {Code::kTooLarge, "ANSWER_TOO_LARGE", fmt::format("the answer of {} is too large", url_.host), {}};
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
      return {Code::kDeadline,
              "PEER_TOO_SLOW",
              fmt::format("{} did not answer within {} ms", url_.host, request_.timeout_ms),
              {}};
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
      return {Code::kForbidden,
              "CERTIFICATE_NOT_TRUSTED",
              fmt::format("the certificate of {} is not trusted: {}", url_.host, error_text_),
              {}};
    }
    return {Code::kUnavailable,
            "PEER_UNREACHABLE",
            fmt::format("{} can't be reached: {}", url_.host, error_text_[0] ? error_text_ : curl_easy_strerror(code)),
            {}};
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto* call = static_cast<Call*>(self);
    const bool fits = call->url_.is_https || is_loopback_address(address->addr);
    if (!fits || is_refused_address(address->addr)) {
      call->is_refused_ = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->take_header({data, size * count}) ? size * count : 0;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->take_body({data, size * count}) ? size * count : 0;
  }

  bool take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > limits::kHeaderBytes) return is_too_large_ = true, false;
    if (line.starts_with("HTTP/")) {  // also of a 100 Continue, which the real one then replaces
      response_ = {};
      const auto space = line.find(' ');
      const std::string_view code = space == std::string_view::npos ? "" : line.substr(space + 1, 3);
      response_.status = code.size() == 3 ? (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0') : 0;
      return true;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    response_.headers.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    return true;
  }

  bool take_body(std::string_view bytes) {
    if (response_.body.size() + bytes.size() > request_.max_bytes) return is_too_large_ = true, false;
    response_.body.append(bytes);
    return true;
  }

  const CurlOptions& options_;
  const HttpRequest& request_;
  const CheckedUrl url_;
  CURL* easy_;
  curl_slist* header_list_ = nullptr;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool is_refused_ = false;
  bool is_too_large_ = false;
  char error_text_[CURL_ERROR_SIZE] = {};
};

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(CurlOptions options) : options_(std::move(options)) { static const CurlGlobal once; }

  Result<HttpResponse> send(const HttpRequest& request) override {
    TRY(auto url, check_url(request.url));
    return Call(options_, request, std::move(url)).run();
  }

 private:
  const CurlOptions options_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> make_curl_client(CurlOptions options) {
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return fail(Code::kInvalid, "the file of certificate authorities can't be read");
  }
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace lakelift::net
