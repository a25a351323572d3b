#include "columnar/job_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/log.h"
#include "columnar/frame.h"
#include "columnar/wire_value.h"

namespace lakelift::columnar {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kProgressPause = std::chrono::milliseconds(100);
constexpr std::int64_t kProgressBurst = 100;     // messages on top of …
constexpr std::int64_t kProgressPerSecond = 20;  // … twice what a sound worker sends
constexpr int kHelloTimeoutMs = 20'000;

std::unexpected<Error> cancelled() { return fail(Code::kCancelled, "the job was cancelled"); }

std::unexpected<Error> nonsense(const WorkerProcess& worker, std::string_view what) {
  log_error("a worker program was killed: it broke the protocol", {{"pid", worker.pid()}, {"what", what}});
  return fail(Code::kInternal, "the worker program sent a message that makes no sense and was ended");
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = 1024 * 1024;
  return bytes % kMebibyte == 0 ? fmt::format("{} MiB", bytes / kMebibyte) : fmt::format("{} bytes", bytes);
}

// Why a worker is dead that did not say it.
Error cause_of_death(int status, const JobLimits& limits) {
  const auto too_large = [](std::string message) { return Error{Code::kTooLarge, "", std::move(message), {}}; };
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitOutOfMemory) {
    return too_large(
        fmt::format("the job needs more memory than its limit memory_bytes = {}", bytes_text(limits.memory_bytes)));
  }
  if (WIFEXITED(status)) {
    return {Code::kInternal, "", fmt::format("the worker program ended early (status {})", WEXITSTATUS(status)), {}};
  }
  const int signal = WTERMSIG(status);
  switch (signal) {
    case SIGXCPU:
      return too_large(
          fmt::format("the job needs more processor time than its limit cpu_seconds = {}", limits.cpu_seconds));
    case SIGXFSZ:
      return too_large(
          fmt::format("the job's output is larger than its limit output_bytes = {}", bytes_text(limits.output_bytes)));
    case SIGSYS:
      return {Code::kInternal, "", "the worker program tried what its sandbox forbids and was ended", {}};
    case SIGKILL:
      return {Code::kUnavailable, "", "the worker program was killed from outside; the machine may lack memory", {}};
    default:
      return {Code::kInternal, "", fmt::format("the worker program crashed ({})", ::strsignal(signal)), {}};
  }
}

class Session {
 public:
  Session(WorkerProcess& worker, const JobCall& call, int wake)
      : worker_(worker), call_(call), wake_(wake), reader_(worker.socket()), writer_(worker.socket()) {}

  Result<JobReport> run() {
    auto result = converse();
    const int status = worker_.end();
    if (result) return *std::move(result);
    if (result.error().code != Code::kUnavailable || !died_) return std::unexpected(std::move(result).error());
    // Where an input could not be opened, the worker's own end is of no interest.
    return std::unexpected(open_error_.value_or(cause_of_death(status, call_.job.limits)));
  }

 private:
  Result<void> hand_over() {
    UniqueFd output;
    if (call_.output >= 0) {
      output = UniqueFd(::fcntl(call_.output, F_DUPFD_CLOEXEC, 0));
      if (!output) return fail_errno("handing the output to a worker", errno);
    }
    return writer_.push(to_text(json::object{{"job", to_json(call_.job)}}), std::move(output));
  }

  Result<JobReport> converse() {
    TRY_VOID(hand_over());
    for (;;) {
      TRY(const bool readable, wait());
      if (!writer_.empty() && !writer_.write_some()) return dead();
      if (!readable) continue;
      TRY(const FrameReader::State state, read());
      while (const auto text = reader_.next()) {
        TRY(auto report, handle(*text));
        if (report) return *std::move(report);
      }
      if (state == FrameReader::State::kEnd) return dead();
    }
  }

  Result<FrameReader::State> read() {
    auto state = reader_.read_some();
    if (!state) return nonsense(worker_, state.error().message);
    return *state;
  }

  std::unexpected<Error> dead() {
    died_ = true;
    return fail(Code::kUnavailable, "the worker died");
  }

  // True when the worker has said something.
  Result<bool> wait() {
    const auto wanted = static_cast<short>(writer_.empty() ? POLLIN : POLLIN | POLLOUT);
    std::array<pollfd, 3> fds{{{worker_.socket(), wanted, 0}, {wake_, POLLIN, 0}, {worker_.errors(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return fail_errno("waiting for a worker", errno);
    if (fds[1].revents != 0) return cancelled();
    if (fds[2].revents != 0) worker_.drain_errors();
    return (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
  }

  // A report when the job is done, nothing while it goes on.
  Result<std::optional<JobReport>> handle(const std::string& text) {
    const auto value = parse_json(text);
    const auto* object = value ? value->if_object() : nullptr;
    if (object == nullptr || object->size() != 1) return nonsense(worker_, "not an object of one member");
    const auto& [key, body] = *object->begin();
    if (key == "report") return take_report(body);
    if (key == "error") return std::unexpected(open_error_.value_or(trusted_error(body)));
    std::optional<JobReport> none;
    if (key == "progress") {
      TRY_VOID(take_progress(body));
      return none;
    }
    if (key == "open") {
      TRY_VOID(answer_open(body));
      return none;
    }
    return nonsense(worker_, "an unknown message");
  }

  Result<std::optional<JobReport>> take_report(const json::value& body) {
    auto report = report_from_json(body, call_.job);
    if (!report) return nonsense(worker_, report.error().message);
    return *std::move(report);
  }

  // A worker can say why it gave up, but not pretend to be another part of the server.
  static Error trusted_error(const json::value& body) {
    Error error = wire::to_error(body);
    switch (error.code) {
      case Code::kInvalid:
      case Code::kCorrupt:
      case Code::kUnsupported:
      case Code::kTooLarge:
      case Code::kNoSpace:
      case Code::kNotFound:
        break;
      default:
        error.code = Code::kInternal;
    }
    if (error.message.empty()) error.message = "the worker program failed without a word";
    return error;
  }

  Result<void> take_progress(const json::value& body) {
    const auto now = Steady::now();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - began_).count();
    if (++progress_count_ > kProgressBurst + kProgressPerSecond * seconds) {
      return nonsense(worker_, "a flood of progress");
    }
    const auto* object = body.if_object();
    if (object == nullptr) return nonsense(worker_, "progress");
    const auto read = wire::count_at(*object, "rows_read");
    const auto total = wire::count_at(*object, "rows_total");
    const auto written = wire::count_at(*object, "rows_written");
    const auto bytes = wire::count_at(*object, "bytes_written");
    if (!read || !total || !written || !bytes) return nonsense(worker_, "progress");
    if (!call_.progress || now < next_progress_) return {};
    next_progress_ = now + kProgressPause;
    call_.progress({*read, *total, *written, *bytes});
    return {};
  }

  Result<void> answer_open(const json::value& body) {
    // One question at a time: a worker that does not read its answers must not pile up open files here.
    const auto* index = body.if_int64();
    if (!writer_.empty()) return nonsense(worker_, "a question before the last answer was read");
    if (index == nullptr || *index < 0 || static_cast<std::size_t>(*index) >= call_.job.inputs.size()) {
      return nonsense(worker_, "an input that the job does not have");
    }
    auto file = call_.open_input(static_cast<std::size_t>(*index));
    if (file) return writer_.push(to_text(json::object{{"open", *index}}), *std::move(file));
    open_error_ = std::move(file).error();
    return writer_.push(to_text(json::object{{"refused", wire::from_error(*open_error_)}}), {});
  }

  WorkerProcess& worker_;
  const JobCall& call_;
  const int wake_;
  FrameReader reader_;
  FrameWriter writer_;
  bool died_ = false;
  std::optional<Error> open_error_;
  std::int64_t progress_count_ = 0;
  const Steady::time_point began_ = Steady::now();
  Steady::time_point next_progress_;
};

}  // namespace

Result<void> await_hello(WorkerProcess& worker, int wake) {
  FrameReader reader(worker.socket());
  const auto deadline = Steady::now() + std::chrono::milliseconds(kHelloTimeoutMs);
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    std::array<pollfd, 2> fds{{{worker.socket(), POLLIN, 0}, {wake, POLLIN, 0}}};
    const int ready = left <= 0 ? 0 : ::poll(fds.data(), fds.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (fds[1].revents != 0) return cancelled();
    if (ready <= 0) return fail(Code::kInternal, "the worker program did not start in time");
    TRY(const FrameReader::State state, reader.read_some());
    if (const auto text = reader.next()) {
      const auto value = parse_json(*text);
      const auto* object = value ? value->if_object() : nullptr;
      if (object != nullptr && find_int(*object, "hello") == kProtocolVersion) return {};
      return fail(Code::kInternal, "the worker program is of another version than the server");
    }
    if (state == FrameReader::State::kEnd) return fail(Code::kInternal, "the worker program ended while it started");
  }
}

Result<JobReport> run_session(WorkerProcess& worker, const JobCall& call, int wake) {
  return Session(worker, call, wake).run();
}

}  // namespace lakelift::columnar
