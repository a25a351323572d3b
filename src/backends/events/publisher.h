// Where events go: Kafka, or what a test offers.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/events/event.h"

namespace lakelift::events {

// What became of one event.
struct Refused {
  std::size_t index = 0;  // in the batch
  std::string reason;     // it will never be taken: too large, not allowed …
};

struct Published {
  std::size_t acknowledged = 0;  // the first so many of the batch are settled: taken for good, or refused
  std::vector<Refused> refused;  // of those
};

// Called by one thread at a time.
class Publisher {
 public:
  virtual ~Publisher() = default;
  // "kafka": for logs and metrics, and the name that its place in the ledger is kept under.
  [[nodiscard]] virtual std::string name() const = 0;
  // Sends the batch and waits until all of it is settled, or `stop` is asked, or nothing has moved for long. In the
  // order of the batch for each key. What is not settled is sent again with the next batch, under the same ids; what
  // was taken behind it need not be. Error: kUnavailable with the reason, where not even the first was settled.
  [[nodiscard]] virtual Result<Published> publish(const std::vector<Event>& batch, std::stop_token stop) = 0;
};

}  // namespace lakelift::events
