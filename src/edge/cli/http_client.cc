#include "edge/cli/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace lakelift::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct CurlGlobal {
  CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  curl_easy_setopt(easy, option, value);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::strchr(" \t\r\n", text.back()) != nullptr) text.remove_suffix(1);
  while (!text.empty() && std::strchr(" \t", text.front()) != nullptr) text.remove_prefix(1);
  return text;
}

// One part of a parsed address; empty where it has none.
std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

bool is_loopback_url(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return false;
  const std::string host = url_part(parsed.get(), CURLUPART_HOST);
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

std::optional<std::string> HttpResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return std::nullopt;
}

struct HttpClient::Handles {
  CURLM* multi = curl_multi_init();
  CURL* easy = curl_easy_init();
  ~Handles() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
};

// One request on its way: what libcurl's callbacks need.
class HttpClient::Transfer {
 public:
  Transfer(HttpClient& client, const HttpRequest& request, const StreamCallbacks& callbacks, UploadSource* source)
      : client_(client), request_(request), callbacks_(callbacks), source_(source), easy_(client.handles_->easy) {}
  ~Transfer() {
    curl_multi_remove_handle(client_.handles_->multi, easy_);
    curl_slist_free_all(header_list_);
  }

  Result<HttpResponse> run() {
    prepare();
    curl_multi_add_handle(client_.handles_->multi, easy_);
    touched_ = SteadyClock::now();
    TRY(const CURLcode code, drive());
    if (failure_) return std::unexpected(*failure_);
    // A server may refuse and close while the body is still on its way: what it said counts.
    const bool was_refused = source_ != nullptr && response_.status >= 400;
    if (code != CURLE_OK && !was_refused) return std::unexpected(transport_error(code));
    TRY_VOID(announce_headers());
    return std::move(response_);
  }

 private:
  void prepare() {
    url_ = request_.url.starts_with("/") ? client_.endpoint_.base_url + request_.url : request_.url;
    curl_easy_reset(easy_);
    set(easy_, CURLOPT_URL, url_.c_str());
    set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
    set(easy_, CURLOPT_MAXREDIRS, 5L);
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits::kConnectMs));
    set(easy_, CURLOPT_USERAGENT, "lakelift/" LAKELIFT_VERSION);
    set(easy_, CURLOPT_ERRORBUFFER, error_text_);
    set(easy_, CURLOPT_PATH_AS_IS, 1L);  // signed paths are compared byte by byte
    if (!client_.endpoint_.socket_path.empty()) {
      set(easy_, CURLOPT_UNIX_SOCKET_PATH, client_.endpoint_.socket_path.c_str());
    }
    if (!client_.endpoint_.socket_path.empty() || is_loopback_url(url_)) set(easy_, CURLOPT_PROXY, "");
    prepare_method();
    set(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(easy_, CURLOPT_HEADERDATA, this);
    set(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(easy_, CURLOPT_WRITEDATA, this);
  }

  void prepare_method() {
    if (source_ != nullptr) {
      prepare_upload(*source_);
    } else if (request_.method == "HEAD") {
      set(easy_, CURLOPT_NOBODY, 1L);
    } else if (request_.method != "GET") {
      set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
      if (request_.method == "POST" || !request_.body.empty()) {
        set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
      }
    }
    for (const auto& [name, value] : request_.headers) add_header(fmt::format("{}: {}", name, value));
    const bool asks_first = source_ != nullptr && source_->size_bytes().value_or(UINT64_MAX) > limits::kExpectBytes;
    add_header(asks_first ? "Expect: 100-continue" : "Expect:");
    set(easy_, CURLOPT_HTTPHEADER, header_list_);
  }

  void prepare_upload(const UploadSource& source) {
    const auto size = source.size_bytes();
    set(easy_, CURLOPT_UPLOAD, 1L);
    set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    set(easy_, CURLOPT_INFILESIZE_LARGE, size ? static_cast<curl_off_t>(*size) : curl_off_t{-1});
    set(easy_, CURLOPT_UPLOAD_BUFFERSIZE, limits::kUploadBufferBytes);
    set(easy_, CURLOPT_EXPECT_100_TIMEOUT_MS, limits::kContinueMs);
    set(easy_, CURLOPT_READFUNCTION, &Transfer::on_read);
    set(easy_, CURLOPT_READDATA, this);
    set(easy_, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
    set(easy_, CURLOPT_SEEKDATA, this);
    is_sending_ = true;
  }

  void add_header(const std::string& line) { header_list_ = curl_slist_append(header_list_, line.c_str()); }

  // Until the transfer ends; wakes at once when interrupted.
  Result<CURLcode> drive() {
    CURLM* multi = client_.handles_->multi;
    while (true) {
      int running = 0;
      curl_multi_perform(multi, &running);
      if (running == 0) break;
      if (client_.interrupt_.raised()) return interrupted();
      const std::chrono::milliseconds limit = patience();
      if (SteadyClock::now() - touched_ > limit) {
        return fail(Code::kDeadline, "SERVER_TOO_SLOW",
                    fmt::format("the server {} nothing for {} s", is_sending_ ? "took" : "sent", limit.count() / 1000));
      }
      curl_waitfd wake{client_.interrupt_.fd(), CURL_WAIT_POLLIN, 0};
      curl_multi_poll(multi, &wake, 1, limits::kTickMs, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    return message != nullptr && message->msg == CURLMSG_DONE ? message->data.result : CURLE_RECV_ERROR;
  }

  [[nodiscard]] std::chrono::milliseconds patience() const {
    if (is_sending_) return std::chrono::milliseconds(limits::kUploadStallMs);
    const bool has_begun = response_.status >= 200;  // 100 Continue is no answer
    return std::chrono::milliseconds(has_begun ? request_.stall_ms : request_.first_byte_ms);
  }

  [[nodiscard]] Error transport_error(CURLcode code) const {
    const std::string text = error_text_[0] != 0 ? error_text_ : curl_easy_strerror(code);
    long request_bytes = 0;
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &request_bytes);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
      return {Code::kForbidden, "CERTIFICATE_NOT_TRUSTED", "the server's certificate is not trusted: " + text, {}};
    }
    if (request_bytes == 0) {
      const std::string where =
          client_.endpoint_.socket_path.empty() ? client_.endpoint_.base_url : client_.endpoint_.socket_path;
      return {
          Code::kUnavailable, "SERVER_UNREACHABLE", fmt::format("can't reach the server at {}: {}", where, text), {}};
    }
    return {Code::kUnavailable, "CONNECTION_LOST", "the connection broke: " + text, {}};
  }

  Result<void> announce_headers() {
    if (announced_) return {};
    announced_ = true;
    return callbacks_.on_headers ? callbacks_.on_headers(response_) : Result<void>{};
  }

  bool record(Result<void> result) {
    if (!result) failure_ = std::move(result).error();
    return !failure_;
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_header({data, size * count}) ? size * count : 0;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({data, size * count}) ? size * count : 0;
  }

  static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->give_body({out, size * count});
  }
  // libcurl rewinds where a kept connection turned out to be closed, or a redirect is followed.
  static int on_seek(void* self, curl_off_t offset, int origin) {
    auto* transfer = static_cast<Transfer*>(self);
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    return transfer->record(transfer->source_->rewind()) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
  }

  std::size_t give_body(std::span<char> out) {
    if (client_.interrupt_.raised()) {
      failure_ = interrupted().error();
      return CURL_READFUNC_ABORT;
    }
    auto got = source_->read(out);
    touched_ = SteadyClock::now();  // a slow source is not a slow server
    if (!got) {
      failure_ = std::move(got).error();
      return CURL_READFUNC_ABORT;
    }
    is_sending_ = *got > 0;
    return *got;
  }

  bool take_header(std::string_view line) {
    touched_ = SteadyClock::now();
    header_bytes_ += line.size();
    if (header_bytes_ > limits::kHeaderBytes) {
      return record(fail(Code::kTooLarge, "ANSWER_TOO_LARGE", "the server's answer has too many headers"));
    }
    if (line.starts_with("HTTP/")) {  // of a 100 Continue, a redirect, or the answer itself
      response_ = {};
      const auto space = line.find(' ');
      const std::string_view code = space == std::string_view::npos ? "" : line.substr(space + 1, 3);
      response_.status = code.size() == 3 ? (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0') : 0;
      return true;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    response_.headers.emplace_back(lower(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
    return true;
  }

  bool take_body(std::string_view data) {
    touched_ = SteadyClock::now();
    if (client_.interrupt_.raised()) return record(interrupted());
    return record(announce_headers()) && (!callbacks_.on_data || record(callbacks_.on_data(data)));
  }

  HttpClient& client_;
  const HttpRequest& request_;
  const StreamCallbacks& callbacks_;
  UploadSource* source_;  // null: request_.body
  CURL* easy_;
  std::string url_;
  curl_slist* header_list_ = nullptr;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool announced_ = false;
  bool is_sending_ = false;  // the source has more
  std::optional<Error> failure_;
  SteadyClock::time_point touched_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

HttpClient::HttpClient(Endpoint endpoint, const Interrupt& interrupt)
    : endpoint_(std::move(endpoint)), interrupt_(interrupt) {
  static const CurlGlobal global;
  handles_ = std::make_unique<Handles>();
}

HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::stream(const HttpRequest& request, const StreamCallbacks& callbacks) {
  if (interrupt_.raised()) return interrupted();
  return Transfer(*this, request, callbacks, nullptr).run();
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) { return whole(request, nullptr); }

Result<HttpResponse> HttpClient::upload(const HttpRequest& request, UploadSource& source) {
  return whole(request, &source);
}

Result<HttpResponse> HttpClient::whole(const HttpRequest& request, UploadSource* source) {
  if (interrupt_.raised()) return interrupted();
  std::string body;
  StreamCallbacks callbacks;
  callbacks.on_data = [&](std::string_view data) -> Result<void> {
    if (body.size() + data.size() > limits::kBodyBytes) {
      return fail(Code::kTooLarge, "ANSWER_TOO_LARGE", "the server's answer is too large");
    }
    body.append(data);
    return {};
  };
  TRY(HttpResponse response, Transfer(*this, request, callbacks, source).run());
  response.body = std::move(body);
  return response;
}

bool is_temporary(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadline || error.code == Code::kTooMany;
}

Result<std::string> parse_server_url(const std::string& text) {
  static const CurlGlobal global;
  const auto refuse = [&](std::string_view why) {
    return fail(
        Code::kInvalid, "SERVER_URL_NOT_VALID",
        fmt::format("\"{}\" is no address of a server: {} (expected something like http://127.0.0.1:3000)", text, why));
  };
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return refuse("it can't be read");
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return refuse("it does not begin with http:// or https://");
  if (!url_part(url.get(), CURLUPART_USER).empty() || !url_part(url.get(), CURLUPART_PASSWORD).empty()) {
    return refuse("a user or password does not belong in it; tokens come from LAKELIFT_TOKEN");
  }
  if (!url_part(url.get(), CURLUPART_QUERY).empty() || !url_part(url.get(), CURLUPART_FRAGMENT).empty()) {
    return refuse("it has a query or a fragment");
  }
  const std::string port = url_part(url.get(), CURLUPART_PORT);
  std::string path = url_part(url.get(), CURLUPART_PATH);
  while (path.ends_with('/')) path.pop_back();
  return fmt::format("{}://{}{}{}", scheme, lower(url_part(url.get(), CURLUPART_HOST)), port.empty() ? "" : ":" + port,
                     path);
}

}  // namespace lakelift::cli
