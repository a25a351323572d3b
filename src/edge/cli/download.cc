#include "edge/cli/download.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "edge/cli/api.h"

namespace lakelift::cli {
namespace {

struct Representation {
  std::string etag;
  std::uint64_t bytes = 0;
  std::string sha256;
};

// What one request came to.
enum class Step { kDone, kAgain, kLinkExpired };

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

bool is_expired(int status) { return status == 401 || status == 403 || status == 410; }

std::unexpected<Error> changed() {
  return fail(Code::kCorrupt, "CONTENT_CHANGED", "the data changed at the server while they were downloaded");
}

Result<Representation> representation_of(const HttpResponse& response) {
  const auto etag = response.header("etag");
  const auto length = number_of(response.header("content-length").value_or(""));
  const auto digest = sha256_of_repr_digest(response.header("repr-digest").value_or(""));
  if (!etag || etag->starts_with("W/") || !length || !digest) {
    return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD",
                "the answer lacks ETag, Content-Length or Repr-Digest, so the data could not be verified; a proxy may "
                "have removed them");
  }
  return Representation{*etag, *length, *digest};
}

// Where the bytes are asked for.
struct Place {
  AddressSource address;
  Headers headers;  // of every request
  bool is_signed;   // the address opens by itself, and may expire
};

// The state of one download over its requests.
class Run {
 public:
  Run(const DownloadParts& parts, const Place& place, Destination& destination)
      : parts_(parts), place_(place), destination_(destination), backoff_(parts.random, limits::kRequestAttempts) {}

  Result<Downloaded> whole() {
    TRY_VOID(repeat([this] { return head(); }));
    TRY(held_, destination_.begin(what_->etag, what_->bytes));
    report("DOWNLOADING");
    if (held_ < what_->bytes) TRY_VOID(repeat([this] { return get(); }));
    const Digest digest = destination_.finish_digest();
    const std::string sha256 = hex_encode(digest);
    if (!constant_time_equal(sha256, what_->sha256)) {
      TRY_VOID(destination_.restart());
      return fail(Code::kCorrupt, "DIGEST_MISMATCH",
                  "the bytes that arrived are not those the server has (SHA-256 differs)");
    }
    TRY_VOID(destination_.commit());
    return Downloaded{what_->bytes, sha256};
  }

 private:
  template <typename Attempt>
  Result<void> repeat(Attempt attempt) {
    int fresh_links = 0;
    while (true) {
      if (link_.empty()) {
        TRY(link_, place_.address());
      }
      const std::uint64_t before = destination_.held_bytes();
      retry_after_ms_.reset();
      auto step = attempt();
      if (destination_.held_bytes() > before) {
        backoff_.reset();
        fresh_links = 0;
      }
      if (step && *step == Step::kDone) return {};
      if (step && *step == Step::kLinkExpired) {
        if (++fresh_links > limits::kFreshLinks)
          return fail(Code::kForbidden, "LINK_NOT_VALID", "the server refuses the addresses that it gave");
        link_.clear();
        continue;
      }
      if (!step && !is_temporary(step.error())) return std::unexpected(std::move(step).error());
      const auto pause_ms = backoff_.next_ms(retry_after_ms_);
      if (!pause_ms)
        return step ? fail(Code::kUnavailable, "CONNECTION_LOST", "the server sent less than it announced")
                    : Result<void>(std::unexpected(std::move(step).error()));
      if (parts_.pause(*pause_ms)) return interrupted();
    }
  }

  [[nodiscard]] Result<Step> refused(const HttpResponse& response) {
    if (place_.is_signed && is_expired(response.status)) return Step::kLinkExpired;
    retry_after_ms_ = retry_after_ms(response);
    return std::unexpected(error_of(response));
  }

  Result<Step> head() {
    TRY(const HttpResponse response, parts_.http.send({.method = "HEAD",
                                                       .url = link_,
                                                       .headers = place_.headers,
                                                       .body = {},
                                                       .first_byte_ms = limits::kRenditionFirstByteMs,
                                                       .follow_redirects = place_.is_signed}));
    if (response.status != 200) return refused(response);
    TRY(what_, representation_of(response));
    return Step::kDone;
  }

  Result<Step> get() {
    held_ = destination_.held_bytes();
    HttpRequest request{.url = link_,
                        .headers = place_.headers,
                        .body = {},
                        .first_byte_ms = limits::kRenditionFirstByteMs,
                        .follow_redirects = place_.is_signed};
    request.headers.emplace_back("Want-Repr-Digest", "sha-256=10");  // a storage that we are sent to could not say it
    if (held_ > 0) {
      request.headers.emplace_back("Range", fmt::format("bytes={}-", held_));
      request.headers.emplace_back("If-Range", what_->etag);
    }
    HttpResponse head;
    std::string refusal;
    StreamCallbacks callbacks;
    callbacks.on_headers = [&](const HttpResponse& response) {
      head = response;
      return check_headers(response);
    };
    callbacks.on_data = [&](std::string_view data) -> Result<void> {
      if (head.status < 300) return take(data);
      if (refusal.size() + data.size() <= limits::kEventBytes) refusal += data;
      return {};
    };
    auto response = parts_.http.stream(request, callbacks);
    if (!response) return std::unexpected(std::move(response).error());
    if (head.status >= 300) {
      head.body = std::move(refusal);
      return refused(head);
    }
    return destination_.held_bytes() == what_->bytes ? Step::kDone : Step::kAgain;
  }

  // 200 is the whole (a Range may be ignored), 206 what was asked for; anything of another ETag is something else.
  Result<void> check_headers(const HttpResponse& response) {
    if (response.status == 412 || response.status == 416) return changed();
    if (response.status >= 300) return {};
    if (response.header("etag").value_or("") != what_->etag) return changed();
    if (response.status == 206) {
      const std::string expected = fmt::format("bytes {}-{}/{}", held_, what_->bytes - 1, what_->bytes);
      if (held_ == 0 || response.header("content-range").value_or("") != expected) {
        return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", "the server sent another range than was asked for");
      }
      return {};
    }
    if (response.status != 200)
      return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", fmt::format("the server answered {}", response.status));
    return held_ > 0 ? destination_.restart() : Result<void>{};
  }

  Result<void> take(std::string_view data) {
    if (destination_.held_bytes() + data.size() > what_->bytes) return changed();
    TRY_VOID(destination_.write(data));
    report("DOWNLOADING");
    return {};
  }

  void report(const std::string& state) {
    parts_.progress.update({state, ProgressUnit::kBytes, static_cast<std::int64_t>(destination_.held_bytes()),
                            static_cast<std::int64_t>(what_->bytes)});
  }

  const DownloadParts& parts_;
  const Place& place_;
  Destination& destination_;
  Backoff backoff_;
  std::string link_;
  std::optional<Representation> what_;
  std::uint64_t held_ = 0;
  std::optional<std::int64_t> retry_after_ms_;
};

Result<Downloaded> download_from(const DownloadParts& parts, const Place& place, Destination& destination) {
  for (int attempt = 1;; ++attempt) {
    auto result = Run(parts, place, destination).whole();
    const bool is_wrong = !result && result.error().code == Code::kCorrupt;
    if (is_wrong && attempt == limits::kWholeAttempts) destination.abandon();
    if (!is_wrong || attempt == limits::kWholeAttempts) return result;
  }
}

}  // namespace

std::optional<std::string> sha256_of_repr_digest(const std::string& header) {
  static constexpr std::string_view kStart = "sha-256=:";
  const auto start = header.find(kStart);
  if (start == std::string::npos) return std::nullopt;
  const auto end = header.find(':', start + kStart.size());
  if (end == std::string::npos) return std::nullopt;
  const auto bytes = base64_decode(std::string_view(header).substr(start + kStart.size(), end - start - kStart.size()));
  if (!bytes || bytes->size() != 32) return std::nullopt;
  return hex_encode(as_bytes(*bytes));
}

Result<Downloaded> download(const DownloadParts& parts, const AddressSource& address, Destination& destination) {
  return download_from(parts, {address, {}, true}, destination);
}

Result<Downloaded> download(const DownloadParts& parts, const OwnAddress& address, Destination& destination) {
  const Place place{[&]() -> Result<std::string> { return address.path; }, address.headers, false};
  return download_from(parts, place, destination);
}

}  // namespace lakelift::cli
