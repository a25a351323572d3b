// Where a large body goes while it arrives, instead of into memory. A route that has Route::open_sink streams.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"

namespace lakelift::http {

// Called on worker threads, one call at a time, in order. An error is the request's answer, and no more bytes come.
class BodySink {
 public:
  virtual ~BodySink() = default;
  [[nodiscard]] virtual Result<void> write(std::span<const std::byte> bytes) = 0;
  // The whole body has come; the handler runs next. Destroyed without it: the body was cut off.
  [[nodiscard]] virtual Result<void> finish() = 0;
};

}  // namespace lakelift::http
