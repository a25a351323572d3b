// Counters, gauges and histograms for /metrics (Prometheus text). Names: lakelift_<what>_<unit>[_total]; labels are few
// and bounded (a route's template, never a user or a file).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace lakelift {

using Labels = std::map<std::string, std::string>;

// Threadsafe. Cheap enough to look up by name for each request.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void add(const std::string& name, const std::string& help, const Labels& labels, double by = 1);
  void set(const std::string& name, const std::string& help, const Labels& labels, double value);
  // Seconds, in the buckets that OpenTelemetry gives HTTP servers.
  void observe_seconds(const std::string& name, const std::string& help, const Labels& labels, double seconds);
  // Called before each rendering: to set gauges that are read, not counted.
  void on_collect(std::function<void()> collect);
  // Prometheus text format 0.0.4.
  [[nodiscard]] std::string render();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lakelift
