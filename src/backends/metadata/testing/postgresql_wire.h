// The line between a test and a PostgreSQL server, which the test can cut.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace lakelift::metadata::testing {

enum class Moment { kBeforeItArrives, kAfterTheAnswer };

// Listens on a port of its own and hands everything on to the server.
class PostgresqlWire {
 public:
  // `server`: postgresql://user:password@127.0.0.1:port/name
  explicit PostgresqlWire(const std::string& server);
  ~PostgresqlWire();
  PostgresqlWire(const PostgresqlWire&) = delete;
  PostgresqlWire& operator=(const PostgresqlWire&) = delete;

  // Of the server by way of this; empty where `server` names no port or nothing can listen.
  [[nodiscard]] const std::string& address() const { return address_; }
  // All connections end, and new ones do at once.
  void cut();
  void mend();
  // The next connection on which the client says `words` ends at that moment.
  void cut_at(std::string words, Moment moment);

 private:
  struct Cut {
    std::string words;
    Moment moment;
  };

  void accept_all();
  void hand_on(int client, int server);
  // Whether both ends still are there.
  bool from_client(int client, int server);
  std::optional<Moment> is_cut_by(std::string_view said);
  void drop_all();

  std::string address_;
  std::uint16_t server_port_ = 0;
  UniqueFd listener_;
  std::mutex mutex_;
  bool is_cut_ = false;
  std::optional<Cut> cut_at_;
  std::vector<int> open_;
  std::vector<std::jthread> lines_;
  std::jthread accepting_;  // last: it uses all the others
};

}  // namespace lakelift::metadata::testing
