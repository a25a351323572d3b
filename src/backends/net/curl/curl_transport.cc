#include "backends/net/curl/curl_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

#include "backends/net/curl/curl_common.h"

namespace lakelift::net {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int kPollMs = 1'000;

struct DeleteMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct DeleteEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct DeleteList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
// A connection that is kept from call to call.
using Line = std::unique_ptr<CURLM, DeleteMulti>;

// The lines of a transport. Threadsafe.
class Lines {
 public:
  // Waits while all are in use.
  Line take() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return in_use_ < limits::kTransferConnections; });
    ++in_use_;
    if (!idle_.empty()) {
      Line line = std::move(idle_.back());
      idle_.pop_back();
      return line;
    }
    Line line(curl_multi_init());
    if (line) curl_multi_setopt(line.get(), CURLMOPT_MAXCONNECTS, 1L);
    return line;
  }
  void give_back(Line line) {
    {
      const std::lock_guard lock(mutex_);
      --in_use_;
      if (line && idle_.size() < limits::kTransferIdleConnections) idle_.push_back(std::move(line));
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Line> idle_;
  std::size_t in_use_ = 0;
};

bool is_allowed(const CurlTransportOptions& options, const CheckedUrl& url, const sockaddr& address) {
  if (options.is_metadata_service) return is_metadata_service(address) || is_loopback_address(address);
  return (url.is_https || options.plain_http || is_loopback_address(address)) && !is_refused_address(address);
}

// A call from its first byte to the last one that is read.
class Call final : public TransferAnswer {
 public:
  Call(std::shared_ptr<Lines> lines, const CurlTransportOptions& options, CheckedUrl url,
       const TransferRequest& request)
      : lines_(std::move(lines)),
        options_(options),
        url_(std::move(url)),
        address_(request.url),
        idle_ms_(request.idle_ms),
        body_(&request.body),
        line_(lines_->take()),
        easy_(curl_easy_init()) {}
  ~Call() override {
    if (is_added_) curl_multi_remove_handle(line_.get(), easy_.get());
    lines_->give_back(std::move(line_));
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Until the head of the answer is here; `request` is needed no longer.
  Result<void> start(const TransferRequest& request) {
    if (!line_ || !easy_) return fail(Code::kInternal, "libcurl could not start a call");
    prepare(request);
    if (curl_multi_add_handle(line_.get(), easy_.get()) != CURLM_OK) {
      return fail(Code::kInternal, "libcurl could not start a call");
    }
    is_added_ = true;
    const Result<void> went = go_on([this] { return is_head_done_; });
    body_ = nullptr;
    return went;
  }

  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const override {
    for (const auto& [have, value] : headers_) {
      if (have == name) return value;
    }
    return std::nullopt;
  }

  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> out) override {
    if (out.empty()) return 0;
    if (spilt_at_ == spilt_.size()) {
      spilt_.clear();
      spilt_at_ = 0;
      target_ = out;
      if (is_paused_) {
        is_paused_ = false;
        curl_easy_pause(easy_.get(), CURLPAUSE_CONT);  // may fill the target by itself
      }
      const Result<void> went = go_on([this, &out] { return target_.size() < out.size(); });
      const std::size_t got = out.size() - target_.size();
      target_ = {};
      if (got > 0) return got;
      TRY_VOID(went);
      return 0;
    }
    const std::size_t count = std::min(out.size(), spilt_.size() - spilt_at_);
    std::memcpy(out.data(), spilt_.data() + spilt_at_, count);
    spilt_at_ += count;
    return count;
  }

 private:
  void prepare(const TransferRequest& request) {
    CURL* easy = easy_.get();
    prepare_connection(easy, address_, url_, options_.ca_file);
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits::kTransferConnectMs));
    set(easy, CURLOPT_BUFFERSIZE, static_cast<long>(limits::kTransferBufferBytes));
    set(easy, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(limits::kTransferBufferBytes));
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));  // a call has its line for itself
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &Call::open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, this);
    set(easy, CURLOPT_ERRORBUFFER, error_text_);
    set(easy, CURLOPT_HEADERFUNCTION, &Call::on_header);
    set(easy, CURLOPT_HEADERDATA, this);
    set(easy, CURLOPT_WRITEFUNCTION, &Call::on_body);
    set(easy, CURLOPT_WRITEDATA, this);
    for (const auto& [name, value] : request.headers) add_header(fmt::format("{}: {}", name, value));
    add_header("Expect:");
    prepare_method(request);
    set(easy, CURLOPT_HTTPHEADER, header_list_.get());
  }

  void prepare_method(const TransferRequest& request) {
    CURL* easy = easy_.get();
    if (request.method == "HEAD") {
      set(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method == "PUT" || request.method == "POST" || body_->size_bytes() > 0) {
      set(easy, CURLOPT_UPLOAD, 1L);
      set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body_->size_bytes()));
      set(easy, CURLOPT_READFUNCTION, &Call::on_send);
      set(easy, CURLOPT_READDATA, this);
      set(easy, CURLOPT_SEEKFUNCTION, &Call::on_seek);  // where a kept connection turns out to be dead
      set(easy, CURLOPT_SEEKDATA, this);
      if (request.method != "PUT") set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else if (request.method != "GET") {
      set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  }

  void add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list_.get(), line.c_str());
    if (longer == nullptr) return;
    (void)header_list_.release();
    header_list_.reset(longer);
  }

  // Until `is_enough`, or the call has ended.
  template <typename Enough>
  Result<void> go_on(Enough is_enough) {
    active_at_ = SteadyClock::now();
    while (!is_enough() && !is_ended_) {
      int running = 0;
      if (curl_multi_perform(line_.get(), &running) != CURLM_OK) return end(CURLE_FAILED_INIT);
      if (running == 0) return end(outcome());
      if (is_enough()) return {};
      if (SteadyClock::now() - active_at_ > std::chrono::milliseconds(idle_ms_)) return end(CURLE_OPERATION_TIMEDOUT);
      curl_multi_poll(line_.get(), nullptr, 0, std::min(kPollMs, idle_ms_), nullptr);
    }
    if (is_ended_ && !is_enough() && failure_) return std::unexpected(*failure_);
    return {};
  }

  CURLcode outcome() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(line_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    return CURLE_FAILED_INIT;
  }

  Result<void> end(CURLcode code) {
    is_ended_ = true;
    if (code == CURLE_OK && !is_head_done_) code = CURLE_GOT_NOTHING;
    if (code == CURLE_OK) return {};
    if (sending_failed_) {
      failure_ = *sending_failed_;
    } else if (is_refused_) {
      failure_ = address_refused(url_).error();
    } else if (is_head_too_large_) {
      failure_ =
          Error{Code::kTooLarge, "ANSWER_TOO_LARGE", fmt::format("the answer of {} is too large", url_.host), {}};
    } else {
      failure_ = error_of(code, url_, idle_ms_, error_text_);
    }
    return std::unexpected(*failure_);
  }

  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto* call = static_cast<Call*>(self);
    if (!is_allowed(call->options_, call->url_, address->addr)) {
      call->is_refused_ = true;
      return CURL_SOCKET_BAD;
    }
    return new_socket(*address);
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->take_header({data, size * count}) ? size * count : 0;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->take_body({data, size * count});
  }
  static std::size_t on_send(char* out, std::size_t size, std::size_t count, void* self) {
    return static_cast<Call*>(self)->give_body(std::as_writable_bytes(std::span(out, size * count)));
  }
  static int on_seek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Call*>(self)->sent_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }

  bool take_header(std::string_view line) {
    active_at_ = SteadyClock::now();
    header_bytes_ += line.size();
    if (header_bytes_ > limits::kHeaderBytes) return is_head_too_large_ = true, false;
    if (line.starts_with("HTTP/")) {
      status_ = status_of(line);
      headers_.clear();
      return true;
    }
    if (trimmed(line).empty()) {
      is_head_done_ = status_ >= 200;  // a 100 Continue is none
      return true;
    }
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && !is_head_done_) {
      headers_.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    return true;
  }

  std::size_t take_body(std::string_view bytes) {
    active_at_ = SteadyClock::now();
    if (target_.empty() && !spilt_.empty()) {  // enough for now: libcurl brings it again
      is_paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    const std::size_t count = std::min(target_.size(), bytes.size());
    if (count > 0) std::memcpy(target_.data(), bytes.data(), count);
    target_ = target_.subspan(count);
    spilt_.append(bytes.substr(count));
    return bytes.size();
  }

  std::size_t give_body(std::span<std::byte> out) {
    active_at_ = SteadyClock::now();
    const std::uint64_t left = body_->size_bytes() - sent_;
    const auto some = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size())));
    if (some.empty()) return 0;
    Result<std::size_t> got = some.size();
    if (body_->bytes == nullptr) {
      std::memcpy(some.data(), body_->text.data() + sent_, some.size());
    } else {
      got = body_->bytes->read_at(body_->offset + sent_, some);
    }
    if (!got || *got == 0) {
      sending_failed_ = got ? Error{Code::kInternal, "", "what is sent is shorter than was said", {}} : got.error();
      return CURL_READFUNC_ABORT;
    }
    sent_ += *got;
    return *got;
  }

  const std::shared_ptr<Lines> lines_;
  const CurlTransportOptions& options_;  // the transport's, which outlives its answers
  const CheckedUrl url_;
  const std::string address_;
  const int idle_ms_;
  const TransferBody* body_;  // until the head of the answer is here
  Line line_;
  std::unique_ptr<CURL, DeleteEasy> easy_;
  std::unique_ptr<curl_slist, DeleteList> header_list_;
  bool is_added_ = false;

  std::uint64_t sent_ = 0;
  int status_ = 0;
  Headers headers_;
  std::size_t header_bytes_ = 0;
  bool is_head_done_ = false;
  std::span<std::byte> target_;  // of the read() that waits
  std::string spilt_;            // that no read() has taken yet
  std::size_t spilt_at_ = 0;
  bool is_paused_ = false;
  bool is_ended_ = false;
  bool is_refused_ = false;
  bool is_head_too_large_ = false;
  SteadyClock::time_point active_at_;
  std::optional<Error> sending_failed_;
  std::optional<Error> failure_;
  char error_text_[CURL_ERROR_SIZE] = {};
};

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlTransportOptions options) : options_(std::move(options)) { init_curl_once(); }

  Result<std::unique_ptr<TransferAnswer>> open(const TransferRequest& request) override {
    const bool any_http = options_.plain_http || options_.is_metadata_service;
    TRY(auto url, any_http ? check_url_with_plain_http(request.url) : check_url(request.url));
    auto call = std::make_unique<Call>(lines_, options_, std::move(url), request);
    TRY_VOID(call->start(request));
    return call;
  }

 private:
  const CurlTransportOptions options_;
  const std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

}  // namespace

Result<std::unique_ptr<Transport>> make_curl_transport(CurlTransportOptions options) {
  TRY_VOID(check_ca_file(options.ca_file));
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace lakelift::net
