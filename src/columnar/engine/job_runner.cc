#include "columnar/engine/job_runner.h"

#include <arrow/io/interfaces.h>
#include <arrow/status.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <new>

#include "base/encoding.h"
#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/input_file.h"
#include "columnar/engine/output_stream.h"
#include "columnar/engine/sandbox.h"
#include "columnar/frame.h"
#include "columnar/wire_value.h"

namespace lakelift::columnar {
namespace {

using ArrowFile = std::shared_ptr<arrow::io::RandomAccessFile>;
constexpr auto kProgressPause = std::chrono::milliseconds(100);

// The server, seen from here. Threadsafe: one question at a time.
class Server {
 public:
  explicit Server(int socket) : socket_(socket) {}

  Result<void> say(const json::object& message) {
    const std::string text = to_text(message);
    // Names and values come from strangers' files; the server takes valid UTF-8 only.
    if (!is_valid_utf8(text)) return fail(Code::kCorrupt, "the data hold a text that is not valid UTF-8");
    const std::lock_guard lock(mutex_);
    return send_frame(socket_, text);
  }

  Result<Frame> ask(const json::object& message) {
    const std::lock_guard lock(mutex_);
    TRY_VOID(send_frame(socket_, to_text(message)));
    return receive_frame(socket_);
  }

  void progress(const JobProgress& progress) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    const auto now = std::chrono::steady_clock::now();
    if (!lock || now < next_progress_) return;
    next_progress_ = now + kProgressPause;
    // A server that went away is noticed by the next question.
    (void)send_frame(socket_, to_text(json::object{{"progress",
                                                    {{"rows_read", progress.rows_read},
                                                     {"rows_total", progress.rows_total},
                                                     {"rows_written", progress.rows_written},
                                                     {"bytes_written", progress.bytes_written}}}}));
  }

 private:
  const int socket_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_progress_;
};

Result<ArrowFile> open_input(Server& server, const std::vector<InputFile>& inputs, std::size_t index) {
  if (index >= inputs.size()) return fail(Code::kInternal, "the job has no such input file");
  TRY(Frame answer, server.ask({{"open", index}}));
  TRY(const json::value value, parse_json(answer.text));
  TRY(const json::object* object, wire::to_object(value, "the server's answer"));
  if (const auto* refused = find(*object, "refused")) return std::unexpected(wire::to_error(*refused));
  if (!answer.attached) return fail(Code::kInternal, "the server sent no file");
  return std::make_shared<InputFileReader>(std::move(answer.attached), inputs[index].size_bytes);
}

struct Order {
  Job job;
  UniqueFd output;
};

Result<Order> receive_order(int socket) {
  TRY(Frame frame, receive_frame(socket));
  TRY(const json::value value, parse_json(frame.text));
  TRY(const json::object* object, wire::to_object(value, "the message"));
  const auto* job = find(*object, "job");
  if (job == nullptr) return fail(Code::kInvalid, "the message is no job");
  TRY(Job read, job_from_json(*job));
  return Order{std::move(read), std::move(frame.attached)};
}

Result<JobReport> dispatch(WorkContext& context, const JobWork& kind, const Work& work) {
  const auto as_report = [](auto result) -> Result<JobReport> {
    if (!result) return std::unexpected(std::move(result).error());
    return JobReport(*std::move(result));
  };
  if (const auto* job = std::get_if<InspectJob>(&kind)) return as_report(work.inspect(context, *job));
  if (const auto* job = std::get_if<ProfileJob>(&kind)) return as_report(work.profile(context, *job));
  if (const auto* job = std::get_if<CutJob>(&kind)) return as_report(work.cut(context, *job));
  if (!context.output) return fail(Code::kInternal, "the server sent no output");
  if (const auto* job = std::get_if<SliceJob>(&kind)) return as_report(work.slice(context, *job));
  return as_report(work.convert(context, std::get<ConvertJob>(kind)));
}

Result<JobReport> do_job(Server& server, Order order, const Work& work) {
  TRY_VOID(enter_sandbox(order.job.limits));
  WorkContext context;
  context.inputs = std::move(order.job.inputs);
  context.open = [&](std::size_t index) { return open_input(server, context.inputs, index); };
  context.progress = [&](const JobProgress& progress) { server.progress(progress); };
  if (order.output) context.output = std::make_shared<FileOutputStream>(std::move(order.output));
  auto report = guarded("the job", [&] { return dispatch(context, order.job.work, work); });
  if (report && context.output) {
    TRY_VOID(checked(context.output->Close(), "the output"));
  }
  return report;
}

void tell(Server& server, const Result<JobReport>& report) {
  Result<void> told =
      report ? server.say({{"report", to_json(*report)}}) : server.say({{"error", wire::from_error(report.error())}});
  if (!told && told.error().code == Code::kCorrupt) {
    (void)server.say({{"error", wire::from_error(told.error())}});
  } else if (!told && told.error().code == Code::kTooLarge) {
    (void)server.say({{"error", wire::from_error(told.error())}});
  }
}

// The last word of a worker that ran out of memory where no handler could stand.
[[noreturn]] void on_terminate() {
  if (const auto current = std::current_exception()) {
    try {
      std::rethrow_exception(current);
    } catch (const std::bad_alloc&) {
      ::_exit(kExitOutOfMemory);
    } catch (...) {
      std::abort();
    }
  }
  std::abort();
}

}  // namespace

int run_worker(int socket, const Work& work) {
  std::set_terminate(on_terminate);
  Server server(socket);
  if (!server.say({{"hello", kProtocolVersion}})) return 0;
  auto order = receive_order(socket);
  if (!order && order.error().code == Code::kUnavailable) return 0;
  if (!order) {
    tell(server, std::unexpected(std::move(order).error()));
    return 0;
  }
  tell(server, guarded("the job", [&] { return do_job(server, *std::move(order), work); }));
  return 0;
}

}  // namespace lakelift::columnar
