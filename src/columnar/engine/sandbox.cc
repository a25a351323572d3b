#include "columnar/engine/sandbox.h"

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/util/cpu_info.h>
#include <arrow/util/thread_pool.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <thread>

#if defined(__SANITIZE_ADDRESS__)
#define LAKELIFT_ASAN 1
#else
#define LAKELIFT_ASAN 0
#endif

namespace lakelift::columnar {
namespace {

constexpr int kThreads = 2;
constexpr std::size_t kThreadStackBytes = 1024 * 1024;
constexpr rlim_t kCpuGraceSeconds = 5;  // after SIGXCPU, for one that ignores it

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Calls on descriptors that are already there, memory, threads, clocks, ending.
constexpr int kAllowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(fadvise64),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(munmap),
    SCMP_SYS(brk),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getcpu),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getrusage),
    SCMP_SYS(membarrier),
#if LAKELIFT_ASAN
    // The sanitizers' own: looking at threads, and asking a pipe whether a pointer can be read.
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getppid),
    SCMP_SYS(prctl),
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
#endif
};

// Calls that libc and Arrow make by the way and do without; refusing them is as safe as killing, and a file that needs
// one of them fails with words.
constexpr int kRefused[] = {
    SCMP_SYS(open),   SCMP_SYS(openat),    SCMP_SYS(newfstatat), SCMP_SYS(stat),     SCMP_SYS(lstat),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(statx),  SCMP_SYS(ioctl),     SCMP_SYS(getcwd),
};

std::unexpected<Error> sandbox_failed(const char* doing, int error_number) {
  return fail_errno(std::string("shutting the worker in: ") + doing, error_number);
}

int add_conditional_rules(scmp_filter_ctx filter) {
  const auto add = [&](std::uint32_t action, int call, auto... conditions) {
    return seccomp_rule_add(filter, action, call, sizeof...(conditions), conditions...);
  };
  const auto self = static_cast<scmp_datum_t>(::getpid());
  // Memory, but none that can be executed.
  int failed = add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // Threads, but no processes. What clone3 asks for can't be seen by a filter; libc falls back to clone.
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  failed |= add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // abort() and thread libraries signal this process only.
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self));
  // Its own limits can be read, not set.
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFL));
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFD));
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
  // A library that names its threads.
  failed |= add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
  return failed;
}

Result<void> install_filter() {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  if (!filter) return sandbox_failed("seccomp", ENOMEM);
  int failed = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  failed |= seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);  // threads that are there already, too
  for (const int call : kAllowed) failed |= seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  for (const int call : kRefused) failed |= seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EACCES), call, 0);
  failed |= add_conditional_rules(filter.get());
  if (failed != 0) return sandbox_failed("seccomp rules", EINVAL);
  const int loaded = seccomp_load(filter.get());
  if (loaded != 0) return sandbox_failed("seccomp", -loaded);
  return {};
}

Result<void> limit(__rlimit_resource resource, rlim_t soft, rlim_t hard, const char* name) {
  const struct rlimit both{soft, hard};
  if (::setrlimit(resource, &both) != 0) return sandbox_failed(name, errno);
  return {};
}

#if !LAKELIFT_ASAN
// Address space in use now: libraries, mostly.
rlim_t mapped_bytes() {
  unsigned long pages = 0;
  if (std::FILE* statm = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(statm, "%lu", &pages) != 1) pages = 0;
    std::fclose(statm);
  }
  return static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

// RLIMIT_DATA counts what the job itself takes (heap, stacks, private pages) and not the libraries; RLIMIT_AS on top of
// what is mapped already bounds what RLIMIT_DATA does not see (shared memory).
Result<void> limit_memory(rlim_t bytes) {
  const rlim_t address_space = mapped_bytes() + bytes;
  TRY_VOID(limit(RLIMIT_DATA, bytes, bytes, "memory"));
  return limit(RLIMIT_AS, address_space, address_space, "memory");
}
#else
// AddressSanitizer maps terabytes of shadow: no limit of the kernel's makes sense.
Result<void> limit_memory(rlim_t /*bytes*/) { return {}; }
#endif

}  // namespace

void prepare_environment() {
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  // One arena: others reserve 64 MiB of address space each, and ask /proc for settings when they shrink.
  ::mallopt(M_ARENA_MAX, 1);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

void warm_up() {
  std::setlocale(LC_ALL, "C");
  ::tzset();
  (void)std::thread::hardware_concurrency();
  (void)arrow::internal::CpuInfo::GetInstance();
  (void)arrow::default_memory_pool();
  (void)arrow::SetCpuThreadPoolCapacity(kThreads);
  (void)arrow::io::SetIOThreadPoolCapacity(kThreads);
}

Result<void> enter_sandbox(const JobLimits& job_limits) {
  const auto cpu = static_cast<rlim_t>(job_limits.cpu_seconds);
  TRY_VOID(limit(RLIMIT_CORE, 0, 0, "core files"));
  TRY_VOID(limit(RLIMIT_NOFILE, limits::kWorkerOpenFiles, limits::kWorkerOpenFiles, "open files"));
  TRY_VOID(limit(RLIMIT_FSIZE, job_limits.output_bytes, job_limits.output_bytes, "output"));
  TRY_VOID(limit(RLIMIT_CPU, cpu, cpu + kCpuGraceSeconds, "processor time"));
  TRY_VOID(limit_memory(job_limits.memory_bytes));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sandbox_failed("no_new_privs", errno);
  return install_filter();
}

}  // namespace lakelift::columnar
