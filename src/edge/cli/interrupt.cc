#include "edge/cli/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lakelift::cli {
namespace {

std::atomic<Interrupt*> g_target = nullptr;

void on_signal(int) {
  const int saved = errno;
  if (Interrupt* target = g_target.load()) target->raise();
  errno = saved;
}

void install(int number, void (*handler)(int), int flags, struct sigaction* old) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, old);
}

}  // namespace

Interrupt::Interrupt() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Interrupt::raise() noexcept {
  raised_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(fd_.get(), &one, sizeof one);
}

bool Interrupt::wait_ms(std::int64_t ms) const {
  pollfd waiting{fd_.get(), POLLIN, 0};
  if (!raised_ && ms > 0) poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(ms, 3'600'000)));
  return raised_;
}

std::unexpected<Error> interrupted() { return fail(Code::kCancelled, "INTERRUPTED", "interrupted"); }

SignalScope::SignalScope(Interrupt& interrupt) {
  g_target = &interrupt;
  install(SIGINT, on_signal, static_cast<int>(SA_RESETHAND), &old_int_);
  install(SIGTERM, on_signal, static_cast<int>(SA_RESETHAND), &old_term_);
  install(SIGPIPE, SIG_IGN, 0, &old_pipe_);
  install(SIGXFSZ, SIG_IGN, 0, &old_xfsz_);
}

SignalScope::~SignalScope() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
  sigaction(SIGXFSZ, &old_xfsz_, nullptr);
  g_target = nullptr;
}

}  // namespace lakelift::cli
