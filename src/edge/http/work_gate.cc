#include "edge/http/work_gate.h"

#include <algorithm>
#include <utility>

namespace lakelift::http {

WorkGate::WorkGate(std::size_t threads, std::size_t queue_limit)
    : soft_limit_(std::max<std::size_t>(1, queue_limit / 2)), pool_(threads, queue_limit) {}

bool WorkGate::post(const Shared& task) {
  return pool_.try_post([this, task] {
    (*task)();
    pump();
  });
}

bool WorkGate::try_run(Task task) { return post(std::make_shared<Task>(std::move(task))); }

void WorkGate::run_when_free(Task task) {
  auto shared = std::make_shared<Task>(std::move(task));
  // Under the lock: while the queue is over its soft limit some task is still to end, and its pump() will see ours.
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() && pool_.queued() < soft_limit_ && post(shared)) return;
  waiting_.push_back(std::move(shared));
}

void WorkGate::pump() {
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty() && pool_.queued() < soft_limit_ && post(waiting_.front())) waiting_.pop_front();
}

}  // namespace lakelift::http
