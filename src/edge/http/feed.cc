#include "edge/http/feed.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/limits.h"
#include "base/log.h"

namespace lakelift::http {
namespace {

constexpr std::size_t kTopicsPerFetch = 500;

// One who listens. The mutex is held while the listener runs: who destroys the subscription waits for it.
struct Listening {
  std::mutex mutex;
  FeedListener listener;  // empty once the subscription is gone
  bool told = false;
  bool done = false;  // has had the final state
  std::string last;

  void tell(const FeedUpdate& update) {
    const std::lock_guard lock(mutex);
    const bool is_final = update.is_final || update.data.empty();  // nothing to come of a topic that is not there
    if (!listener || done || (told && !is_final && update.data == last)) return;
    told = true;
    done = is_final;
    last = update.data;
    listener(update);
  }
};

}  // namespace

struct Feed::State {
  using Topic = std::map<std::uint64_t, std::shared_ptr<Listening>>;

  FeedFetch fetch;
  int poll_ms = 0;
  mutable std::mutex mutex;
  std::condition_variable_any wake;
  std::map<std::int64_t, Topic> topics;
  std::set<std::int64_t> changed;  // to be fetched at once
  std::size_t count = 0;
  std::uint64_t next_id = 0;
  std::jthread thread;

  void run(const std::stop_token& stop);
  std::vector<std::int64_t> due(bool poll);
  void fetch_and_tell(const std::vector<std::int64_t>& wanted);
  void tell(const FeedUpdate& update);
};

// Topics whose listeners all had the final state are not fetched again.
std::vector<std::int64_t> Feed::State::due(bool poll) {
  std::vector<std::int64_t> wanted;
  if (!poll) {
    wanted.assign(changed.begin(), changed.end());
  } else {
    for (const auto& [topic, listeners] : topics) {
      const bool open = std::ranges::any_of(listeners, [](const auto& entry) {
        const std::lock_guard lock(entry.second->mutex);
        return !entry.second->done;
      });
      if (open) wanted.push_back(topic);
    }
  }
  changed.clear();
  return wanted;
}

void Feed::State::run(const std::stop_token& stop) {
  using SteadyClock = std::chrono::steady_clock;
  auto next_poll = SteadyClock::now() + std::chrono::milliseconds(poll_ms);
  while (!stop.stop_requested()) {
    std::vector<std::int64_t> wanted;
    {
      std::unique_lock lock(mutex);
      wake.wait_until(lock, stop, next_poll, [this] { return !changed.empty(); });
      const bool poll = SteadyClock::now() >= next_poll;
      if (poll) next_poll = SteadyClock::now() + std::chrono::milliseconds(poll_ms);
      wanted = due(poll);
    }
    for (std::size_t at = 0; at < wanted.size() && !stop.stop_requested(); at += kTopicsPerFetch) {
      const auto begin = wanted.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = wanted.begin() + static_cast<std::ptrdiff_t>(std::min(at + kTopicsPerFetch, wanted.size()));
      fetch_and_tell({begin, end});
    }
  }
}

void Feed::State::fetch_and_tell(const std::vector<std::int64_t>& wanted) {
  std::vector<FeedUpdate> updates;
  try {
    updates = fetch(wanted);
  } catch (const std::exception& problem) {
    log_error("the feed could not read its topics; it tries again", {{"problem", problem.what()}});
    return;
  }
  std::set<std::int64_t> missing(wanted.begin(), wanted.end());
  for (const auto& update : updates) {
    missing.erase(update.topic);
    tell(update);
  }
  for (const std::int64_t topic : missing) tell(FeedUpdate{topic, true, {}});
}

void Feed::State::tell(const FeedUpdate& update) {
  std::vector<std::shared_ptr<Listening>> listeners;
  {
    const std::lock_guard lock(mutex);
    const auto found = topics.find(update.topic);
    if (found == topics.end()) return;
    for (const auto& [id, listening] : found->second) listeners.push_back(listening);
  }
  for (const auto& listening : listeners) listening->tell(update);
}

namespace {

template <typename State>
class SubscriptionImpl final : public Feed::Subscription {
 public:
  SubscriptionImpl(std::shared_ptr<State> state, std::int64_t topic, std::uint64_t id,
                   std::shared_ptr<Listening> listening)
      : state_(std::move(state)), topic_(topic), id_(id), listening_(std::move(listening)) {}
  SubscriptionImpl(const SubscriptionImpl&) = delete;
  SubscriptionImpl& operator=(const SubscriptionImpl&) = delete;

  ~SubscriptionImpl() override {
    {
      const std::lock_guard lock(state_->mutex);
      const auto found = state_->topics.find(topic_);
      if (found != state_->topics.end()) {
        state_->count -= found->second.erase(id_);
        if (found->second.empty()) state_->topics.erase(found);
      }
    }
    const std::lock_guard lock(listening_->mutex);
    listening_->listener = nullptr;
  }

 private:
  std::shared_ptr<State> state_;
  std::int64_t topic_;
  std::uint64_t id_;
  std::shared_ptr<Listening> listening_;
};

}  // namespace

Feed::Feed(FeedFetch fetch, int poll_ms) : state_(std::make_shared<State>()) {
  state_->fetch = std::move(fetch);
  state_->poll_ms = poll_ms;
  State* state = state_.get();  // the destructor joins the thread
  state_->thread = std::jthread([state](const std::stop_token& stop) { state->run(stop); });
}

Feed::~Feed() {
  state_->thread.request_stop();
  state_->thread.join();
}

void Feed::notify(std::int64_t topic) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->topics.contains(topic)) return;
  state_->changed.insert(topic);
  state_->wake.notify_one();
}

Result<std::unique_ptr<Feed::Subscription>> Feed::subscribe(std::int64_t topic, FeedListener listener) {
  auto listening = std::make_shared<Listening>();
  listening->listener = std::move(listener);
  const std::lock_guard lock(state_->mutex);
  if (state_->count >= limits::kFeedSubscribers) {
    return fail(Code::kTooMany, "TOO_MANY_WAITERS", "too many wait already: try again later");
  }
  const std::uint64_t id = state_->next_id++;
  state_->topics[topic].emplace(id, listening);
  ++state_->count;
  state_->changed.insert(topic);
  state_->wake.notify_one();
  return std::make_unique<SubscriptionImpl<State>>(state_, topic, id, std::move(listening));
}

std::size_t Feed::subscribers() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

}  // namespace lakelift::http
