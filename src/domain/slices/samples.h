// A random few thousand rows of a table, kept so that a slice can be tried on them before it is asked for: filters that
// hang together are counted together, which the columns' statistics can't.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "domain/slices/slice_service.h"

namespace lakelift::slices {

// Of what a slice brings of the rows of the sample.
struct Tried {
  std::int64_t rows = 0;
  double ratio = 1;  // the share of the table's rows that the sample has
};

// Threadsafe. Only tables of this machine: of others a sample would be a run that somebody pays.
class Samples {
 public:
  explicit Samples(const SliceServiceParts& parts) : parts_(parts) {}
  ~Samples() { stop(); }
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  // Makes samples that are wanted, on a thread of its own.
  void start();
  void stop();
  // Tries the filters on the sample of this version of the item; nothing where there is none: it is then made soon.
  // Reads the sample's columns that are filtered by, and nothing of the source.
  [[nodiscard]] Result<std::optional<Tried>> try_out(const catalogue::CatalogueItem& item, const std::string& version,
                                                     const std::vector<table::Filter>& filters);
  // What the thread does for one item.
  [[nodiscard]] Result<void> make(std::int64_t item_id, std::stop_token stop);

 private:
  void run(const std::stop_token& stop);

  const SliceServiceParts& parts_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::set<std::int64_t> wanted_;
  std::jthread thread_;
};

}  // namespace lakelift::slices
