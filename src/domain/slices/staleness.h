// Whether what a request has is still what is there: by the catalogue's word that a source has changed, or by an age
// that the item sets.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "domain/slices/slice_service.h"

namespace lakelift::slices {

// Since when; nothing: it is what is there, as far as is known, or the request is not DONE. Pure.
[[nodiscard]] std::optional<Micros> stale_since(const DownloadRequest& request,
                                                const std::optional<std::int64_t>& max_age_seconds, Micros now);

// Threadsafe.
class Staleness {
 public:
  explicit Staleness(const SliceServiceParts& parts) : parts_(parts) {}
  ~Staleness() { stop(); }
  Staleness(const Staleness&) = delete;
  Staleness& operator=(const Staleness&) = delete;

  // Looks each kStaleTickMs for what has grown too old, and for chunks to be dropped, on a thread of its own.
  void start();
  void stop();
  // Marks what has grown too old and tells its holders, once. Returns how many.
  [[nodiscard]] Result<std::int64_t> tick();

  // As catalogue::SourceListener::source_changed. May be told again: only what was not stale before is.
  [[nodiscard]] Result<void> source_changed(metadata::Transaction& tx, const catalogue::CatalogueItem& item,
                                            const std::string& new_version) const;

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] Result<std::int64_t> age(const catalogue::AgedItem& item);

  const SliceServiceParts& parts_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace lakelift::slices
