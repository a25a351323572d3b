// A worker program with the product's runner, sandbox and limits, whose work is to go beyond them: what it tries is
// named by the job's sampling seed. For tests only; the product's program holds none of this.
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <latch>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/job_runner.h"
#include "columnar/engine/sandbox.h"
#include "columnar/frame.h"

namespace lakelift::columnar {
namespace {

using Deed = std::function<Result<WriteReport>(WorkContext&)>;
constexpr std::size_t kBlockBytes = 8 * 1024 * 1024;

// The error's message is the name of what the kernel answered.
Result<WriteReport> answer_of(long result) {
  if (result >= 0) return fail(Code::kInvalid, "ALLOWED");
  return fail(Code::kInvalid, ::strerrorname_np(errno));
}

void eat_memory() {
  std::vector<std::unique_ptr<char[]>> kept;
  for (int i = 0; i < 10'000; ++i) {
    kept.emplace_back(new char[kBlockBytes]);
    std::memset(kept.back().get(), 1, kBlockBytes);
  }
}

void eat_memory_noexcept() noexcept { eat_memory(); }

Result<WriteReport> eat_arrow_memory(WorkContext& /*context*/) {
  std::vector<std::shared_ptr<arrow::Buffer>> kept;
  for (int i = 0; i < 10'000; ++i) {
    TRY(kept.emplace_back(), checked(arrow::AllocateBuffer(kBlockBytes), "the buffers"));
  }
  return WriteReport{};
}

Result<WriteReport> eat_shared_memory(WorkContext& /*context*/) {
  for (int i = 0; i < 10'000; ++i) {
    void* block = ::mmap(nullptr, kBlockBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return fail(Code::kTooLarge, "shared memory is bounded");
  }
  return WriteReport{};
}

Result<WriteReport> copy_inputs(WorkContext& context) {
  WriteReport report;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    TRY(auto file, context.open(i));
    TRY(const std::int64_t size, checked(file->GetSize(), "size"));
    TRY(auto bytes, checked(file->ReadAt(0, size), "reading"));
    TRY_VOID(checked(context.output->Write(bytes), "writing"));
    report.bytes_read += bytes->size();
    ++report.rows;
    context.progress({report.rows, static_cast<std::int64_t>(context.inputs.size()), report.rows, report.bytes_read});
  }
  return report;
}

Result<WriteReport> hold_all_inputs(WorkContext& context) {
  std::vector<std::shared_ptr<arrow::io::RandomAccessFile>> files;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    TRY(files.emplace_back(), context.open(i));
  }
  return WriteReport{};
}

Result<WriteReport> fill_output(WorkContext& context) {
  const std::string block(kBlockBytes, 'x');
  for (int i = 0; i < 10'000; ++i) TRY_VOID(checked(context.output->Write(block.data(), kBlockBytes), "the output"));
  return WriteReport{};
}

Result<WriteReport> use_threads(WorkContext& /*context*/) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([] { const std::vector<int> numbers(100'000, 1); });
  }
  threads.clear();
  WriteReport report;
  report.rows = 16;
  return report;
}

Result<WriteReport> tell_much(WorkContext& context) {
  for (int i = 0; i < 200'000; ++i) context.progress({i, 200'000, i, i});
  return WriteReport{};
}

volatile bool g_go_on = true;

void spin() {
  while (g_go_on) {
  }
}

Deed system_call(std::function<long()> call) {
  return [call = std::move(call)](WorkContext&) { return answer_of(call()); };
}

void* volatile g_nowhere = nullptr;

const std::map<std::string, Deed>& deeds() {
  static const std::map<std::string, Deed> all = {
      {"copy", copy_inputs},
      {"hold-all-inputs", hold_all_inputs},
      {"fill-output", fill_output},
      {"threads", use_threads},
      {"progress", tell_much},
      {"memory", [](WorkContext&) -> Result<WriteReport> { return eat_memory(), WriteReport{}; }},
      {"memory-noexcept", [](WorkContext&) -> Result<WriteReport> { return eat_memory_noexcept(), WriteReport{}; }},
      {"memory-thread", [](WorkContext&) -> Result<WriteReport> { return std::jthread(eat_memory), WriteReport{}; }},
      {"memory-arrow", eat_arrow_memory},
      {"memory-shared", eat_shared_memory},
      {"cpu", [](WorkContext&) -> Result<WriteReport> { return spin(), WriteReport{}; }},
      {"wait",
       [](WorkContext& context) -> Result<WriteReport> {
         context.progress({1, 2, 0, 0});
         std::latch(1).wait();
         return WriteReport{};
       }},
      {"segv", [](WorkContext&) -> Result<WriteReport> { return *static_cast<char*>(g_nowhere) = 1, WriteReport{}; }},
      {"abort", [](WorkContext&) -> Result<WriteReport> { std::abort(); }},
      {"throw", [](WorkContext&) -> Result<WriteReport> { throw std::runtime_error("thrown"); }},
      {"bad-utf8", [](WorkContext&) -> Result<WriteReport> { return fail(Code::kCorrupt, "caf\xe9"); }},
      {"stderr",
       [](WorkContext&) -> Result<WriteReport> {
         std::fputs("something to say\n", stderr);
         return WriteReport{};
       }},
      // What the sandbox is for.
      {"call-openat", system_call([] { return ::open("/etc/passwd", O_RDONLY); })},
      {"call-creat", system_call([] { return ::open("lakelift-sandbox-test", O_CREAT | O_WRONLY, 0600); })},
      {"call-socket", system_call([] { return ::socket(AF_INET, SOCK_STREAM, 0); })},
      {"call-execve", system_call([] {
         char* none[] = {nullptr};
         return ::execve("/bin/true", none, none);
       })},
      {"call-fork", system_call([] { return ::fork(); })},
      {"call-kill", system_call([] { return ::kill(::getpid(), 0); })},
      {"call-tgkill-other", system_call([] { return ::tgkill(1, 1, 0); })},
      {"call-ptrace", system_call([] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); })},
      {"call-unlink", system_call([] { return ::unlink("/nonexistent"); })},
      {"call-rename", system_call([] { return ::rename("/nonexistent", "/nonexistent2"); })},
      {"call-mmap-exec", system_call([] {
         return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                        MAP_FAILED
                    ? -1L
                    : 0L;
       })},
      {"call-setrlimit", system_call([] {
         const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
         return ::setrlimit(RLIMIT_DATA, &none);
       })},
      {"call-memfd", system_call([] { return ::memfd_create("x", 0); })},
  };
  return all;
}

Result<WriteReport> do_deed(WorkContext& context, const SliceJob& job) {
  const auto found = deeds().find(job.sampling_seed);
  if (found == deeds().end()) return fail(Code::kInternal, "the test worker does not know " + job.sampling_seed);
  return found->second(context);
}

Result<InspectReport> inspect_nothing(WorkContext& /*context*/, const InspectJob& /*job*/) { return InspectReport{}; }
Result<ProfileReport> profile_nothing(WorkContext& /*context*/, const ProfileJob& /*job*/) { return ProfileReport{}; }
Result<CutReport> cut_nothing(WorkContext& /*context*/, const CutJob& /*job*/) { return CutReport{}; }
Result<WriteReport> convert_nothing(WorkContext& /*context*/, const ConvertJob& /*job*/) { return WriteReport{}; }

}  // namespace
}  // namespace lakelift::columnar

int main() {
  using namespace lakelift::columnar;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  prepare_environment();
  warm_up();
  ::_exit(run_worker(kWorkerSocket, Work{inspect_nothing, profile_nothing, do_deed, convert_nothing, cut_nothing}));
}
