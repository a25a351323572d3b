// One connection: reads requests, has them answered, writes the answers, in order. All of it runs on one EdgeLoop's
// thread; every read, write and wait is a suspension, so a slow peer costs a socket and a few KiB. Only .cc files of
// this folder include it.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "edge/http/content_plan.h"
#include "edge/http/dispatcher.h"
#include "edge/http/edge_loop.h"
#include "edge/http/guard.h"
#include "edge/http/http_server.h"
#include "edge/http/listener.h"
#include "edge/http/origin.h"
#include "edge/http/request_parser.h"
#include "edge/http/work_gate.h"

namespace lakelift::http {

// What the connections of one server share.
struct EdgeShared {
  const HttpServerOptions& options;
  const HttpServerParts& parts;
  const Dispatcher& dispatcher;
  WorkGate& gate;
  WorkGate& writers;  // of streamed bodies: a slow disk takes no handler's thread
  BaseUrlRule base_url;
  std::stop_source stop{};
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> body_bytes = 0;    // of requests in memory
  std::atomic<std::size_t> stream_bytes = 0;  // that the pieces of streamed bodies take
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `on_end` is called once, when the connection is closed.
  Connection(EdgeShared& shared, EdgeLoop& loop, Accepted accepted, std::function<void()> on_end);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // All of these on the loop's thread.
  void start();
  void tick(Micros now);  // enforces the deadline
  void drain();           // ends what is idle or waits; an answer in flight goes on
  void close_now();
  void departed();  // the peer hung up while it waited
  [[nodiscard]] bool is_waiting() const { return phase_ == Phase::kWaiting; }
  [[nodiscard]] int socket() const { return accepted_.fd.get(); }

 private:
  template <typename T>
  using awaitable = boost::asio::awaitable<T, boost::asio::io_context::executor_type>;
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  enum class Phase { kIdle, kBusy, kWaiting };
  enum class Outcome { kReady, kRefused, kClosed };  // kRefused: refusal_ says why
  enum class Filled { kSome, kNothing, kEnd };
  // kMore: there is room for more. kFull: the piece is to be written first. kRefused: refusal_ says why.
  enum class Taken { kMore, kFull, kDone, kRefused };
  struct Pieces;  // of a streamed body

  // One request and its answer.
  struct Exchange {
    RequestParser parser;
    RequestHead head;
    RequestContext context;
    const Route* route = nullptr;
    Response response;
    bool keep_alive = false;
    int status = 0;  // that was sent; 0: none
    std::uint64_t sent_bytes = 0;
    Micros began = 0;
    Micros waited = 0;              // in Wait or EventStream
    std::size_t body_charge = 0;    // of EdgeShared::body_bytes
    std::size_t stream_charge = 0;  // of EdgeShared::stream_bytes
  };

  // connection.cc: the loop of requests
  awaitable<void> run(std::shared_ptr<Connection> self);
  awaitable<void> serve();
  awaitable<Outcome> read_head();
  awaitable<void> exchange(Outcome outcome);
  std::optional<Refusal> accept_head();
  awaitable<bool> read_and_run();
  awaitable<bool> try_work(WorkGate::Task task);
  awaitable<void> work(WorkGate& gate, WorkGate::Task task);
  awaitable<void> linger();
  void refuse(const Refusal& refusal);
  void abort();
  void finish();

  // connection_body.cc: into memory
  awaitable<Outcome> read_body();
  awaitable<Outcome> await_body(bool& continued);
  bool charge_body();
  void expect_body();
  void note_arrival(std::size_t fresh);

  // connection_stream.cc: in pieces to a sink
  awaitable<bool> stream();
  awaitable<Outcome> stream_body();
  awaitable<Outcome> read_pieces(Pieces& pieces);
  awaitable<void> hand_over(Pieces& pieces, bool is_last);
  void wrote(Pieces& pieces);
  void make_room(Pieces& pieces);
  Taken take_buffered(Pieces& pieces);
  Taken take_chunks(Pieces& pieces);
  Filled fill_piece(Pieces& pieces);

  // connection_io.cc: bytes, deadlines, suspension
  Filled fill(std::size_t most);
  Filled receive(char* bytes, std::size_t most, std::size_t& count);
  awaitable<bool> readable();
  awaitable<bool> writable();
  awaitable<bool> send_all(std::string_view bytes, bool more_follows);
  // `watch`, or nothing, hears of what went.
  awaitable<bool> send_file(int file, std::uint64_t offset, std::uint64_t length, TransferWatch* watch);
  awaitable<bool> send_read(RandomAccess& source, std::uint64_t offset, std::uint64_t length, TransferWatch* watch);
  awaitable<void> bell();  // until ring()
  void ring();
  void ring_when_done(bool& done);
  void set_deadline(int after_ms);
  void clear_deadline();
  awaitable<void> yield();

  // connection_answer.cc: the four kinds of body
  awaitable<void> answer();
  awaitable<void> await_topic();
  Result<std::unique_ptr<Feed::Subscription>> subscribe(std::int64_t topic, Feed& feed);
  awaitable<void> send_text();
  awaitable<void> send_content();
  awaitable<bool> send_pieces(const ContentPlan& plan, const Content& content);
  void end_watch(TransferWatch& watch, bool is_whole);
  awaitable<bool> await_commit();
  awaitable<void> send_events();
  awaitable<bool> send_event_chunk(std::string_view text);
  std::string render_head(int status, const Headers& headers, std::optional<std::uint64_t> content_length,
                          bool chunked);

  EdgeShared& shared_;
  EdgeLoop& loop_;
  Accepted accepted_;
  std::function<void()> on_end_;
  Descriptor descriptor_;
  std::move_only_function<void()> resume_;  // of bell()

  Phase phase_ = Phase::kIdle;
  Micros deadline_ = 0;            // monotonic; 0: none
  std::size_t arrived_ = 0;        // of a body, since its deadline was set
  bool expired_ = false;           // the deadline passed
  bool closing_ = false;           // nothing more is read or written
  bool ended_ = false;             // drain() while waiting
  std::uint64_t wait_number_ = 0;  // of the present Wait or EventStream: news for one that is over come to nothing
  bool topic_final_ = false;
  std::optional<std::string> event_;  // the newest update not yet sent
  bool is_uncommitted_ = false;       // what the last answer sent is not recorded yet

  std::string buffer_;  // read, not yet understood
  HeadScanner scanner_;
  Refusal refusal_;
  std::size_t served_ = 0;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace lakelift::http
