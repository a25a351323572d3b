#include "backends/executors/spark/spark_job.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "backends/executors/spark/spark_limits.h"
#include "base/log.h"

namespace lakelift::executors {
namespace {

namespace fs = std::filesystem;
constexpr int kLockOfDriver = 3;
constexpr int kExecFailed = 127;
constexpr std::size_t kSmallFileBytes = 64;

Result<UniqueFd> open_file(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno("opening a file of a Spark job", errno);
  return fd;
}

Result<bool> lock_now(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return fail_errno("locking a Spark job", errno);
  }
  return true;
}

std::optional<int> number_in(const std::string& path) {
  const auto text = read_file(path, kSmallFileBytes);
  if (!text) return std::nullopt;
  int number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// All that the child needs, made before the fork: after it only calls that are safe in a copy of a process with
// threads.
struct Child {
  const char* program = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int nothing = -1;
  int log = -1;
  int lock = -1;
  int pid_file = -1;
};

void write_pid(int fd) {
  std::array<char, 16> digits{};
  std::size_t at = digits.size();
  for (auto pid = static_cast<unsigned>(::getpid()); pid != 0 && at > 0; pid /= 10) {
    digits[--at] = static_cast<char>('0' + pid % 10);
  }
  if (::write(fd, digits.data() + at, digits.size() - at) < 0) ::_exit(kExecFailed);
}

[[noreturn]] void become(const Child& child) {
  ::setsid();
  write_pid(child.pid_file);
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &by_default, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // All of these are above the numbers that they go to.
  if (::dup2(child.nothing, STDIN_FILENO) < 0 || ::dup2(child.log, STDOUT_FILENO) < 0 ||
      ::dup2(child.log, STDERR_FILENO) < 0 || ::dup2(child.lock, kLockOfDriver) < 0) {
    ::_exit(kExecFailed);
  }
  ::syscall(SYS_close_range, kLockOfDriver + 1, ~0U, 0);
  ::execve(child.program, child.arguments, child.environment);
  constexpr std::string_view kMessage = "spark-submit can't be started: see --spark-submit\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(kExecFailed);
}

Result<UniqueFd> moved_up(UniqueFd fd) {
  UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kLockOfDriver + 1));
  if (!high) return fail_errno("starting a Spark job", errno);
  return high;
}

Result<UniqueFd> open_for_child(const std::string& path, int flags) {
  TRY(UniqueFd fd, open_file(path, flags));
  return moved_up(std::move(fd));
}

}  // namespace

Result<SparkJob> SparkJob::open(const std::string& state_folder, const std::string& token) {
  SparkJob job(state_folder + "/" + token);
  if (::mkdir(job.folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("making a Spark job's folder", errno);
  return job;
}

Result<bool> SparkJob::try_lock() {
  if (lock_) return true;
  TRY(UniqueFd fd, open_for_child(folder_ + "/lock", O_RDWR | O_CREAT));
  TRY(const bool is_ours, lock_now(fd.get()));
  if (is_ours) lock_ = std::move(fd);
  return is_ours;
}

Result<int> SparkJob::launches() const {
  const std::string path = folder_ + "/launches";
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return 0;
  const auto number = number_in(path);
  if (!number) return fail(Code::kInternal, "a Spark job's folder can't be read");
  return *number;
}

Result<void> SparkJob::launch(const SparkCommand& command, const std::string& order_text) {
  TRY(const int before, launches());
  TRY_VOID(write_file_durably(order_path(), order_text));
  // From here on nobody starts this token for the first time.
  TRY_VOID(write_file_durably(folder_ + "/launches", std::to_string(before + 1)));
  TRY(const UniqueFd nothing, open_for_child("/dev/null", O_RDONLY));
  TRY(const UniqueFd log, open_for_child(folder_ + "/log", O_WRONLY | O_CREAT | O_APPEND));
  TRY(const UniqueFd pid_file, open_for_child(folder_ + "/pid", O_WRONLY | O_CREAT | O_TRUNC));
  std::vector<std::string> arguments{command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = command.environment;
  const auto argument_pointers = pointers(arguments);
  const auto environment_pointers = pointers(environment);
  const Child child{command.program.c_str(),
                    argument_pointers.data(),
                    environment_pointers.data(),
                    nothing.get(),
                    log.get(),
                    lock_.get(),
                    pid_file.get()};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("starting spark-submit", errno);
  if (pid == 0) become(child);
  pid_ = pid;
  lock_.reset();  // the child has it
  return {};
}

std::optional<int> SparkJob::exit_status() {
  if (pid_ < 0) return std::nullopt;
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  pid_ = -1;
  return ended < 0 ? 0 : status;
}

void SparkJob::signal(int number) {
  if (lock_) return;
  const auto probe = open_file(folder_ + "/lock", O_RDWR);
  if (!probe) return;
  // Where the lock can be had the driver is dead, and its number may be another's by now.
  const auto is_free = lock_now(probe->get());
  if (!is_free || *is_free) return;
  const auto pid = number_in(folder_ + "/pid");
  if (pid && *pid > 1) ::kill(-*pid, number);
}

std::string SparkJob::log_tail() const {
  const auto log = open_file(folder_ + "/log", O_RDONLY);
  if (!log) return "";
  const auto size = file_size(log->get());
  if (!size) return "";
  std::string text(std::min<std::uint64_t>(*size, limits::kDriverLogTailBytes), '\0');
  const auto got = read_at(log->get(), *size - text.size(), std::as_writable_bytes(std::span(text)));
  text.resize(got.value_or(0));
  return text;
}

void SparkJob::remove() {
  std::error_code ec;
  fs::remove_all(folder_, ec);
  if (ec) log_warning("a Spark job's folder could not be removed", {{"error", ec.message()}});
}

}  // namespace lakelift::executors
