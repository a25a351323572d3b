// Ctrl-C, as something that waits can look at: a flag and a descriptor that becomes readable.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::cli {

// Threadsafe.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Safe in a signal handler.
  void raise() noexcept;
  [[nodiscard]] bool raised() const { return raised_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Sleeps; true when it was, or is, interrupted.
  [[nodiscard]] bool wait_ms(std::int64_t ms) const;

 private:
  UniqueFd fd_;
  std::atomic<bool> raised_ = false;
};

// kCancelled: what every wait answers once it is interrupted.
[[nodiscard]] std::unexpected<Error> interrupted();

// For the length of a command: SIGINT and SIGTERM raise `interrupt` (the second one ends the process the usual way),
// SIGPIPE and SIGXFSZ are ignored so that a closed pipe or a full disk is an error of write(). One at a time.
class SignalScope {
 public:
  explicit SignalScope(Interrupt& interrupt);
  ~SignalScope();
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;

 private:
  struct sigaction old_int_{};
  struct sigaction old_term_{};
  struct sigaction old_pipe_{};
  struct sigaction old_xfsz_{};
};

}  // namespace lakelift::cli
