#include "edge/cli/transfers.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

using Outcome = std::optional<Result<json::object>>;  // nothing: it was never begun

// One line of progress for all lanes. Threadsafe.
class Meter {
 public:
  Meter(Session& session, std::string state, std::uint64_t total)
      : session_(session), state_(std::move(state)), total_(total) {}

  // From `before` to `now` bytes of a transfer.
  void move(std::uint64_t before, std::uint64_t now) {
    const std::lock_guard lock(mutex_);
    done_ += now;
    done_ -= std::min(before, done_);
    session_.progress().update(
        {state_, ProgressUnit::kBytes, static_cast<std::int64_t>(done_), static_cast<std::int64_t>(total_)});
  }
  void complain(std::string_view text) {
    const std::lock_guard lock(mutex_);
    session_.complain(text);
  }

 private:
  Session& session_;
  const std::string state_;
  const std::uint64_t total_;
  std::mutex mutex_;
  std::uint64_t done_ = 0;
};

class Lane final : public ProgressSink {
 public:
  explicit Lane(Meter& meter) : meter_(meter) {}
  void update(const ProgressState& state) override {
    set(static_cast<std::uint64_t>(std::max<std::int64_t>(0, state.done)));
  }
  void set(std::uint64_t now) {
    meter_.move(shown_, now);
    shown_ = now;
  }
  void begin() { shown_ = 0; }

 private:
  Meter& meter_;
  std::uint64_t shown_ = 0;
};

// With these the next one would fail as well.
bool ends_all(const Error& error) {
  return error.code == Code::kCancelled || error.code == Code::kUnauthenticated || error.code == Code::kNoSpace ||
         is_temporary(error) || error.event == "QUOTA_EXCEEDED";
}

class Runner {
 public:
  Runner(Session& session, const std::vector<Transfer>& transfers, const TransferOptions& options)
      : transfers_(transfers),
        outcomes_(transfers.size()),
        meter_(session, options.state,
               std::accumulate(transfers.begin(), transfers.end(), std::uint64_t{0},
                               [](std::uint64_t sum, const Transfer& one) { return sum + one.bytes; })) {}

  std::vector<Outcome> run(const Session& session, int at_once) {
    const auto lanes = std::min(static_cast<std::size_t>(std::max(at_once, 1)), transfers_.size());
    std::vector<Connection> connections;
    for (std::size_t i = 0; i < lanes; ++i) connections.push_back(session.connect());
    std::vector<std::jthread> threads;
    for (Connection& connection : connections) threads.emplace_back([this, &connection] { work(*connection.api); });
    threads.clear();  // joins
    return std::move(outcomes_);
  }

 private:
  void work(Api& api) {
    Lane lane(meter_);
    while (!is_over_) {
      const std::size_t at = next_++;
      if (at >= transfers_.size()) return;
      lane.begin();
      outcomes_[at] = transfers_[at].run({api, lane});
      const auto& outcome = *outcomes_[at];
      lane.set(transfers_[at].bytes);
      if (outcome) continue;
      if (ends_all(outcome.error())) is_over_ = true;
      if (transfers_.size() > 1 && outcome.error().code != Code::kCancelled)
        meter_.complain(
            fmt::format("error: {}: {}", printable(transfers_[at].name), printable(outcome.error().message)));
    }
  }

  const std::vector<Transfer>& transfers_;
  std::vector<Outcome> outcomes_;  // each written by the one thread that took it
  Meter meter_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> is_over_ = false;
};

json::object record_of(const Transfer& transfer, const Result<json::object>& outcome) {
  json::object record = transfer.record;
  if (outcome) {
    for (const auto& [key, value] : *outcome) record[key] = value;
  } else {
    record["result"] = "failed";
    record["error"] = outcome.error().message;
    if (!outcome.error().event.empty()) record["event"] = outcome.error().event;
  }
  return record;
}

struct Sums {
  std::size_t done = 0;
  std::size_t unchanged = 0;
  std::size_t failed = 0;
  std::size_t left = 0;  // not begun
  std::int64_t bytes = 0;
};

Sums sums_of(const std::vector<Outcome>& outcomes) {
  Sums sums;
  for (const Outcome& outcome : outcomes) {
    if (!outcome) {
      ++sums.left;
    } else if (!*outcome) {
      ++sums.failed;
    } else if (find_string(**outcome, "result") == "unchanged") {
      ++sums.unchanged;
    } else {
      ++sums.done;
      sums.bytes += find_int(**outcome, "bytes").value_or(0);
    }
  }
  return sums;
}

std::string summary(const Sums& sums, const std::string& done) {
  std::string out =
      fmt::format("{} {} ({})", human_count(static_cast<std::int64_t>(sums.done)), done, human_bytes(sums.bytes));
  if (sums.unchanged > 0) out += fmt::format(", {} unchanged", human_count(static_cast<std::int64_t>(sums.unchanged)));
  if (sums.failed > 0) out += fmt::format(", {} failed", human_count(static_cast<std::int64_t>(sums.failed)));
  if (sums.left > 0) out += fmt::format(", {} not begun", human_count(static_cast<std::int64_t>(sums.left)));
  return out;
}

const View& transfers_view() {
  static const View view{{{"result"}, {"remote"}, {"local"}, {"bytes", FieldKind::kBytes}, {"sha256"}},
                         [](const json::object& record) { return record; },
                         "remote"};
  return view;
}

// An interruption before all else, then the first that failed.
const Error* first_error(const std::vector<Outcome>& outcomes) {
  const Error* first = nullptr;
  for (const Outcome& outcome : outcomes) {
    if (!outcome || *outcome) continue;
    if (outcome->error().code == Code::kCancelled) return &outcome->error();
    if (first == nullptr) first = &outcome->error();
  }
  return first;
}

}  // namespace

Result<void> run_transfers(Session& session, const std::vector<Transfer>& transfers, const TransferOptions& options) {
  const std::vector<Outcome> outcomes = Runner(session, transfers, options).run(session, options.at_once);
  session.progress().clear();
  json::array records;
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    if (outcomes[i]) records.emplace_back(record_of(transfers[i], *outcomes[i]));
  }
  const bool is_one = transfers.size() == 1;
  const Error* error = first_error(outcomes);
  if (error != nullptr && is_one) return std::unexpected(*error);
  const bool is_silent = session.output().format() == OutputFormat::kTable && session.settings().is_quiet();
  if (!is_silent && options.prints_records) TRY_VOID(session.output().list(records, transfers_view()));
  const Sums sums = sums_of(outcomes);
  session.note(summary(sums, options.done));
  if (error == nullptr) return {};
  if (error->code == Code::kCancelled) {
    return fail(Code::kCancelled, error->event, "interrupted; the same command goes on where this one stopped");
  }
  return fail(error->code, error->event,
              fmt::format("{} of {} failed; the same command tries them again", sums.failed, transfers.size()));
}

}  // namespace lakelift::cli
