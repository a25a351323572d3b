#include "backends/net/curl/curl_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include "backends/net/curl/curl_common.h"

namespace lakelift::net {
namespace {

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
    net::prepare_connection(easy_, request_.url, url_, options_.ca_file);
    set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout_ms));
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.timeout_ms));
    set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Call::open_socket);
    set(easy_, CURLOPT_OPENSOCKETDATA, this);
    set(easy_, CURLOPT_ERRORBUFFER, error_text_);
  }

  void prepare_message() {
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
    if (is_refused_) return address_refused(url_).error();
    if (is_too_large_) {
      return {Code::kTooLarge, "ANSWER_TOO_LARGE", fmt::format("the answer of {} is too large", url_.host), {}};
    }
    return net::error_of(code, url_, request_.timeout_ms, error_text_);
  }

  [[nodiscard]] bool may_reach(const sockaddr& address) const {
    if (is_refused_address(address)) return false;
    const bool loopback = is_loopback_address(address);
    if (request_.reach == Reach::kConfigured) return url_.is_https || loopback;
    if (request_.reach == Reach::kPublicOrLoopback && loopback) return true;
    return url_.is_https && is_public_address(address);
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto* call = static_cast<Call*>(self);
    if (!call->may_reach(address->addr)) {
      call->is_refused_ = true;
      return CURL_SOCKET_BAD;
    }
    return new_socket(*address);
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
      response_.status = status_of(line);
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
  explicit CurlClient(CurlOptions options) : options_(std::move(options)) { init_curl_once(); }

  Result<HttpResponse> send(const HttpRequest& request) override {
    TRY(auto url, check_url(request.url));
    return Call(options_, request, std::move(url)).run();
  }

 private:
  const CurlOptions options_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> make_curl_client(CurlOptions options) {
  TRY_VOID(check_ca_file(options.ca_file));
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace lakelift::net
