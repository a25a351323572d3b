// The four kinds of body: text, content, a wait that ends in one of them, a stream of events.
#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <utility>

#include "base/id.h"
#include "base/limits.h"
#include "base/log.h"
#include "edge/http/connection.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kJoinBytes = 64 * 1024;  // a body up to this goes out in one call with its head

// Data of one event: a line break in it would end it early.
std::string event_text(std::string_view data) {
  std::string text = "data: ";
  for (const char c : data) {
    if (c == '\r') continue;
    text += c;
    if (c == '\n') text += "data: ";
  }
  return text + "\n\n";
}

}  // namespace

std::string Connection::render_head(int status, const Headers& headers, std::optional<std::uint64_t> content_length,
                                    bool chunked) {
  Exchange& now = *exchange_;
  if (shared_.draining) now.keep_alive = false;
  now.status = status;
  return render({.status = status,
                 .headers = headers,
                 .request_id = now.context.request_id,
                 .now = shared_.parts.clock.now(),
                 .content_length = content_length,
                 .chunked = chunked,
                 .keep_alive = now.keep_alive,
                 .version = now.head.version});
}

Connection::awaitable<void> Connection::answer() {
  if (std::holds_alternative<Wait>(exchange_->response.body)) {
    co_await await_topic();
    if (closing_) co_return;
  }
  phase_ = Phase::kBusy;
  const auto* content = std::get_if<Content>(&exchange_->response.body);
  if (content != nullptr && content->bytes != nullptr) {
    co_await send_content();
  } else if (std::holds_alternative<EventStream>(exchange_->response.body)) {
    co_await send_events();
  } else {
    co_await send_text();
  }
  phase_ = Phase::kBusy;
}

Connection::awaitable<void> Connection::send_text() {
  Exchange& now = *exchange_;
  if (!std::holds_alternative<std::string>(now.response.body)) {
    now.response =
        shared_.dispatcher.refuse({500, "this is a fault of ours: an answer without bytes"}, now.context, now.route);
  }
  const int status = now.response.status;
  auto& body = std::get<std::string>(now.response.body);
  std::string head = render_head(status, now.response.headers, body.size(), false);
  const bool headless = now.context.method == Method::kHead || !may_have_body(status);
  if (headless) body.clear();
  const bool join = body.size() <= kJoinBytes;
  if (join) head += body;
  bool sent = co_await send_all(head, !join);
  if (sent && !join) sent = co_await send_all(body, false);
  if (!sent) abort();
}

Connection::awaitable<void> Connection::send_content() {
  Exchange& now = *exchange_;
  const Content content = std::get<Content>(now.response.body);
  const std::string boundary = "lakelift-" + random_hex(shared_.parts.random, 12);
  ContentPlan plan = plan_content(content, now.context, boundary);
  for (auto& header : now.response.headers) {
    if (!has_header(plan.headers, header.first)) plan.headers.push_back(std::move(header));
  }
  const std::string head = render_head(plan.status, plan.headers, plan.content_length, false);
  const bool bare = now.context.method == Method::kHead || plan.content_length == 0;
  bool sent = co_await send_all(head, !bare);
  if (sent && !bare) sent = co_await send_pieces(plan, content);
  if (!sent) abort();
  // Of an empty content the head is all that there is to send.
  const bool began = now.context.method != Method::kHead && !plan.pieces.empty() && (sent || plan.content_length > 0);
  if (content.watch != nullptr && began) end_watch(*content.watch, sent);
}

// Where the next request may come on this connection it waits for the watch's word. Nobody waits on one that is over.
void Connection::end_watch(TransferWatch& watch, bool is_whole) {
  if (!is_whole || !exchange_->keep_alive) {
    watch.end({});
    return;
  }
  is_uncommitted_ = true;
  // It may come when we, the loop and the server are gone.
  watch.end([door = loop_.door(), weak = weak_from_this()] {
    door->post([weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->is_uncommitted_ = false;
      self->ring();
    });
  });
}

// False: this connection takes no further request, for it took too long or the server ends.
Connection::awaitable<bool> Connection::await_commit() {
  set_deadline(shared_.options.idle_timeout_ms);
  while (is_uncommitted_ && !expired_ && !closing_) co_await bell();
  clear_deadline();
  co_return !is_uncommitted_;
}

Connection::awaitable<bool> Connection::send_pieces(const ContentPlan& plan, const Content& content) {
  RandomAccess& source = *content.bytes;
  TransferWatch* const watch = content.watch.get();
  const int file = source.local_fd();
  for (const auto& piece : plan.pieces) {
    bool sent = piece.text.empty();
    if (!sent) sent = co_await send_all(piece.text, piece.length > 0);
    if (!sent) co_return false;
    if (piece.length == 0) continue;
    if (file >= 0) {
      sent = co_await send_file(file, piece.offset, piece.length, watch);
    } else {
      sent = co_await send_read(source, piece.offset, piece.length, watch);
    }
    if (!sent) co_return false;
  }
  co_return true;
}

// From now on `event_` and `topic_final_` tell of the topic, and news ring.
Result<std::unique_ptr<Feed::Subscription>> Connection::subscribe(std::int64_t topic, Feed& feed) {
  topic_final_ = false;
  event_.reset();
  const std::uint64_t number = ++wait_number_;
  // While the listener runs its subscription lives, and so do we; what it posts may come when both are over.
  return feed.subscribe(topic, [this, weak = weak_from_this(), number](const FeedUpdate& update) {
    loop_.post([weak, number, update] {
      const auto self = weak.lock();
      if (!self || self->wait_number_ != number) return;
      // A slow reader gets the newest state, not a queue of old ones.
      if (!update.data.empty()) self->event_ = update.data;
      self->topic_final_ = update.is_final || update.data.empty();
      self->ring();
    });
  });
}

// Waits for the topic, then has the answer made on a worker. Sets exchange_->response, or closing_ where the peer left.
Connection::awaitable<void> Connection::await_topic() {
  Exchange& now = *exchange_;
  Wait wait = std::get<Wait>(std::move(now.response.body));
  const Micros since = shared_.parts.clock.monotonic();
  auto subscription = subscribe(wait.topic, shared_.parts.feed);
  if (!subscription) {
    now.response = shared_.dispatcher.refuse({503, subscription.error().message}, now.context, now.route);
    co_return;
  }
  phase_ = Phase::kWaiting;
  set_deadline(wait.most_ms);
  while (!topic_final_ && !expired_ && !ended_ && !closing_ && !shared_.draining) co_await bell();
  phase_ = Phase::kBusy;
  clear_deadline();
  subscription->reset();
  now.waited = shared_.parts.clock.monotonic() - since;
  if (closing_) co_return;
  if (!topic_final_) {
    now.response = shared_.dispatcher.refuse({503, "it is not ready yet: ask again"}, now.context, now.route);
    co_return;
  }
  co_await work(shared_.gate,
                [this, &now, &wait] { now.response = shared_.dispatcher.run_then(wait, *now.route, now.context); });
}

Connection::awaitable<bool> Connection::send_event_chunk(std::string_view text) {
  const bool chunked = exchange_->head.version == 11;
  const std::string chunk = chunked ? fmt::format("{:x}\r\n{}\r\n", text.size(), text) : std::string(text);
  const bool sent = co_await send_all(chunk, false);
  co_return sent;
}

Connection::awaitable<void> Connection::send_events() {
  Exchange& now = *exchange_;
  const bool chunked = now.head.version == 11;
  if (!chunked) now.keep_alive = false;
  const EventStream stream = std::get<EventStream>(now.response.body);
  now.response.headers.emplace_back("Content-Type", "text/event-stream");
  now.response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx passes events on as they come
  const Micros since = shared_.parts.clock.monotonic();
  std::unique_ptr<Feed::Subscription> subscription;
  bool sent = false;
  if (now.context.method != Method::kHead) {
    auto subscribed = subscribe(stream.topic, stream.feed != nullptr ? *stream.feed : shared_.parts.feed);
    if (!subscribed) {
      now.response = shared_.dispatcher.refuse({503, subscribed.error().message}, now.context, now.route);
      co_await send_text();
      co_return;
    }
    subscription = *std::move(subscribed);
  }
  const std::string head = render_head(now.response.status, now.response.headers, std::nullopt, chunked);
  sent = co_await send_all(head, false);
  while (sent && subscription) {
    const bool is_old = shared_.parts.clock.monotonic() - since > static_cast<Micros>(limits::kEventStreamMs) * 1'000;
    const bool over = topic_final_ || ended_ || closing_ || shared_.draining || is_old;
    if (event_) {
      const std::string text = event_text(*std::exchange(event_, std::nullopt));
      sent = co_await send_event_chunk(text);
      continue;
    }
    if (over) break;
    phase_ = Phase::kWaiting;
    set_deadline(limits::kEventCommentMs);
    while (!event_ && !topic_final_ && !expired_ && !ended_ && !closing_) co_await bell();
    phase_ = Phase::kBusy;
    if (expired_ && !event_) sent = co_await send_event_chunk(": still here\n\n");
  }
  subscription.reset();
  now.waited = shared_.parts.clock.monotonic() - since;
  if (sent && chunked && !closing_ && now.context.method != Method::kHead) sent = co_await send_all("0\r\n\r\n", false);
  if (shared_.draining) now.keep_alive = false;
  if (!sent) abort();
}

}  // namespace lakelift::http
