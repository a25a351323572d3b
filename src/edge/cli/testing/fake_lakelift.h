// The few routes that the commands call, with one table and one request; a test replaces what it is about.
//
//   FakeLakelift fake;
//   fake.on("GET /readyz", [](const WireRequest&) { return WireAnswer{.status = 503}; });
//   run_cli({"--server", fake.url(), "ready"});
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "edge/cli/testing/wire_server.h"

namespace lakelift::cli::testing {

// The table: `t.flights`, id 7, columns carrier STRING, dep_delay INTEGER, cancelled BOOLEAN, dep_time DATETIME.
class FakeLakelift {
 public:
  explicit FakeLakelift(const std::string& socket_path = {});

  // "METHOD path" without the query. Before the first command runs.
  void on(const std::string& call, WireHandler handler);
  // All paths that begin like this, whatever the method; on() goes before it.
  void on_prefix(const std::string& prefix, WireHandler handler);
  void refuse_bodies(WireRefusal refusal) { server_->refuse_bodies(std::move(refusal)); }

  // What is downloaded, in every format; the ETag and the digest follow it. "/data/…" are its signed addresses.
  std::string data = "carrier\nUA\n";
  std::string state_when_asked = "QUEUED";  // of the request, in the answer to POST; from then on it is DONE
  std::size_t link_uses = 100;              // an address answers so often, then 403

  [[nodiscard]] std::string url() const { return server_->url(); }
  [[nodiscard]] std::vector<WireRequest> requests() const { return server_->requests(); }
  // The requests of one call.
  [[nodiscard]] std::vector<WireRequest> requests(const std::string& call) const;

  [[nodiscard]] json::object request_json(const std::string& state) const;
  // GET and HEAD of the data, with Range, ETag and Repr-Digest as the server has them.
  [[nodiscard]] WireAnswer data_answer(const WireRequest& request) const;
  [[nodiscard]] std::string etag() const;

 private:
  [[nodiscard]] WireAnswer answer(const WireRequest& request);

  std::map<std::string, WireHandler> handlers_;
  std::map<std::string, WireHandler> prefixes_;
  std::size_t links_ = 0;
  std::size_t uses_ = 0;
  std::unique_ptr<WireServer> server_;
};

// Bytes with Range, If-Range, ETag and Repr-Digest as the server has them.
[[nodiscard]] WireAnswer bytes_answer(const WireRequest& request, const std::string& data);
[[nodiscard]] WireAnswer json_answer(int status, const json::object& body);
// An error in the contract's envelope.
[[nodiscard]] WireAnswer error_answer(int status, const std::string& event, const std::string& message);

}  // namespace lakelift::cli::testing
