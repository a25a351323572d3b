// A publisher that tests hold in their hands: it can be away, settle a part, or refuse by id, and remembers what it
// got.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backends/events/publisher.h"

namespace lakelift::events::testing {

// Not threadsafe.
class FakePublisher final : public Publisher {
 public:
  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] Result<Published> publish(const std::vector<Event>& batch, std::stop_token) override {
    ++calls;
    if (meanwhile) meanwhile();
    if (is_away) return fail(Code::kUnavailable, "the fake publisher is away");
    Published out;
    out.acknowledged = std::min(batch.size(), at_most.value_or(batch.size()));
    for (std::size_t i = 0; i < out.acknowledged; ++i) {
      if (refused.contains(batch[i].id)) {
        out.refused.push_back({i, "refused for the test"});
      } else {
        taken.push_back(batch[i]);
      }
    }
    return out;
  }
  [[nodiscard]] std::vector<std::string> taken_ids() const {
    std::vector<std::string> out;
    for (const Event& event : taken) out.push_back(event.id);
    return out;
  }

  bool is_away = false;
  std::optional<std::size_t> at_most;  // of one batch is settled
  std::set<std::string> refused;       // ids
  std::function<void()> meanwhile;     // called while a batch is under way
  std::vector<Event> taken;
  int calls = 0;
};

}  // namespace lakelift::events::testing
