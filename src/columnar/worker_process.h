// One worker program: started, talked to over a socket, killed and reaped.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::columnar {

// Owns the process: the destructor kills and reaps it, so none outlives its owner and none is left a zombie.
// Not threadsafe.
class WorkerProcess {
 public:
  // Starts `program` in a process group of its own, with its end of the socket as descriptor 3, nothing on stdin and
  // stdout, stderr to a pipe, and no other descriptor. The worker asks the kernel to be killed when the *thread* that
  // started it ends: call this on one that lives as long as the workers should. Error: kInternal.
  [[nodiscard]] static Result<WorkerProcess> start(const std::string& program);

  ~WorkerProcess();
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int socket() const { return socket_.get(); }
  [[nodiscard]] int errors() const { return errors_.get(); }  // -1 once it is closed

  // Reads what the worker wrote to stderr; the first few KiB of it are kept for the log.
  void drain_errors();
  // Kills the worker unless it has ended by itself, and gives its wait status. Logs what it wrote to stderr.
  int end();

 private:
  WorkerProcess(pid_t pid, UniqueFd socket, UniqueFd errors);

  pid_t pid_;
  UniqueFd socket_;
  UniqueFd errors_;
  std::string written_;
};

}  // namespace lakelift::columnar
