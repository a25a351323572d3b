#include "columnar/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/log.h"
#include "columnar/frame.h"

namespace lakelift::columnar {
namespace {

constexpr std::size_t kKeptErrorBytes = 4 * 1024;
constexpr std::size_t kErrorReadsAtOnce = 16;
constexpr int kFirstSafeFd = 16;  // above what the child's own descriptors are moved to

// What a worker may know of the server's environment: settings of loaders and of sanitizers, no secret.
constexpr std::array<const char*, 4> kPassedOn = {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
// mimalloc, Arrow's usual pool, reserves a gigabyte of address space, which makes memory limits meaningless.
constexpr std::array<const char*, 3> kSet = {"ARROW_DEFAULT_MEMORY_POOL=system", "LC_ALL=C", "TZ=UTC"};

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};

Result<UniqueFd> moved_up(int fd) {
  const UniqueFd low(fd);
  const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstSafeFd);
  if (high < 0) return fail_errno("starting a worker program", errno);
  return UniqueFd(high);
}

Result<Pair> make_socket() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return fail_errno("starting a worker program", errno);
  }
  Pair pair{UniqueFd(fds[0]), {}};
  TRY(pair.theirs, moved_up(fds[1]));
  return pair;
}

Result<Pair> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return fail_errno("starting a worker program", errno);
  Pair pair{UniqueFd(fds[0]), {}};
  TRY(pair.theirs, moved_up(fds[1]));
  if (::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno("starting a worker program", errno);
  return pair;
}

std::vector<std::string> make_environment() {
  std::vector<std::string> out(kSet.begin(), kSet.end());
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

// posix_spawn's two settings objects, freed together.
struct SpawnPlan {
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

void plan_descriptors(SpawnPlan& plan, int socket, int errors) {
  ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&plan.actions, errors, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&plan.actions, socket, kWorkerSocket);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, kWorkerSocket + 1);
}

void plan_signals(SpawnPlan& plan) {
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

}  // namespace

WorkerProcess::WorkerProcess(pid_t pid, UniqueFd socket, UniqueFd errors)
    : pid_(pid), socket_(std::move(socket)), errors_(std::move(errors)) {}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      socket_(std::move(other.socket_)),
      errors_(std::move(other.errors_)),
      written_(std::move(other.written_)) {}

WorkerProcess::~WorkerProcess() { end(); }

Result<WorkerProcess> WorkerProcess::start(const std::string& program) {
  TRY(Pair socket, make_socket());
  TRY(Pair errors, make_pipe());
  SpawnPlan plan;
  plan_descriptors(plan, socket.theirs.get(), errors.theirs.get());
  plan_signals(plan);
  auto environment = make_environment();
  std::vector<char*> variables;
  for (auto& text : environment) variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string name = "lakelift-columnar";
  std::array<char*, 2> arguments = {name.data(), nullptr};
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &plan.actions, &plan.attributes, arguments.data(), variables.data());
  if (failed != 0) {
    log_error("a worker program can't be started", {{"program", program}, {"errno", failed}});
    return fail(Code::kInternal, "the worker program can't be started; the server's log says more");
  }
  return WorkerProcess(pid, std::move(socket.ours), std::move(errors.ours));
}

void WorkerProcess::drain_errors() {
  std::array<char, 4096> chunk;
  for (std::size_t i = 0; errors_ && i < kErrorReadsAtOnce; ++i) {
    const ssize_t n = ::read(errors_.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      errors_.reset();
      return;
    }
    const std::size_t room = kKeptErrorBytes - std::min(written_.size(), kKeptErrorBytes);
    written_.append(chunk.data(), std::min(room, static_cast<std::size_t>(n)));
  }
}

int WorkerProcess::end() {
  if (pid_ < 0) return 0;
  // Where it has ended by itself, or is about to, the kernel keeps the first cause.
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  drain_errors();
  if (!written_.empty()) log_warning("a worker program wrote to stderr", {{"pid", pid_}, {"text", written_}});
  pid_ = -1;
  socket_.reset();
  errors_.reset();
  return status;
}

}  // namespace lakelift::columnar
