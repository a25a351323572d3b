// Waiting without threads: those who wait for a topic (a download request's id) are told by one thread of the Feed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace lakelift::http {

struct FeedUpdate {
  std::int64_t topic = 0;
  bool is_final = false;  // nothing will change any more; Wait wakes only then
  std::string data;  // JSON, one line: what an SSE subscriber gets; empty: the topic is not known, which is final too
};

// The present state of topics (500 at most), fetched in one go; called on the Feed's thread. A topic that is missing in
// the answer is not known. After an exception the topics are fetched again with the next poll.
using FeedFetch = std::function<std::vector<FeedUpdate>(const std::vector<std::int64_t>& topics)>;
// Called on the Feed's thread, at once with the present state and then after each change of `data` until the
// final one; must neither block nor end its own subscription.
using FeedListener = std::function<void(const FeedUpdate&)>;

// Threadsafe.
class Feed {
 public:
  // Watched topics are also fetched every `poll_ms`, for changes that other servers made.
  Feed(FeedFetch fetch, int poll_ms);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Something about the topic changed in this process.
  void notify(std::int64_t topic);

  // Ends the subscription when destroyed; after that the listener is not called any more.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  // Error: kTooMany above limits::kFeedSubscribers.
  [[nodiscard]] Result<std::unique_ptr<Subscription>> subscribe(std::int64_t topic, FeedListener listener);
  [[nodiscard]] std::size_t subscribers() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lakelift::http
