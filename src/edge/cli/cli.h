// The command line: every command is a client of the HTTP API; there is no second path.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace lakelift::cli {

// conventions: documented, stable.
enum ExitCode : int {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kNotFound = 3,
  kSignInNeeded = 4,
  kTemporary = 5,  // try again later
  kRefused = 6,
  kInterrupted = 130,
};

// A server that runs in this process for the length of a command, on DIR/server.sock.
class LocalServer {
 public:
  virtual ~LocalServer() = default;
};

// What main.cc lends to the command line.
struct Host {
  // Where no other process serves `data_dir`: starts one here. Nothing (null) where another process holds the lock.
  std::function<Result<std::unique_ptr<LocalServer>>(const std::string& data_dir)> start_local_server;
  // `lakelift serve …`: the arguments after "serve"; returns the exit code.
  std::function<int(int argc, char** argv)> serve;
};

[[nodiscard]] int run(int argc, char** argv, const Host& host);

}  // namespace lakelift::cli
