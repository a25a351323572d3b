// A server at the wire for tests: answers as the test says, one connection a request, and can break off in the middle.
//
//   WireServer server([](const WireRequest& request) { return WireAnswer{.status = 404}; });
//   run("--server", server.url());
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace lakelift::cli::testing {

struct WireRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct WireAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<std::size_t> cut_after;  // closes after so many bytes of the body, whatever was announced
  std::function<void()> before_end;      // called when all but the last byte of the body has been sent
};

using WireHandler = std::function<WireAnswer(const WireRequest&)>;
// Of a request whose body has not come yet: an answer to refuse it with; of status 0: the connection is closed.
using WireRefusal = std::function<std::optional<WireAnswer>(const WireRequest&)>;

// The handler runs on the server's one thread. The destructor joins.
class WireServer {
 public:
  explicit WireServer(WireHandler handler, const std::string& socket_path = {});
  ~WireServer();
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  [[nodiscard]] std::string url() const;
  // Asked before each body is read. Before the first request that it is about.
  void refuse_bodies(WireRefusal refusal);
  // All that came so far, in order.
  [[nodiscard]] std::vector<WireRequest> requests() const;

 private:
  void serve();
  void answer_one(int connection);
  // Nothing where the connection broke, or the body was refused.
  [[nodiscard]] std::optional<WireRequest> read_request(int connection);
  [[nodiscard]] bool wants_body(int connection, const WireRequest& head);

  WireHandler handler_;
  WireRefusal refusal_;  // guarded by mutex_
  int port_ = 0;
  UniqueFd listener_;  // sets port_
  UniqueFd wake_;
  mutable std::mutex mutex_;
  std::vector<WireRequest> requests_;
  std::jthread thread_;
};

}  // namespace lakelift::cli::testing
