#pragma once

#include <cstdint>

namespace lakelift::analytics {

// Money is in millionths of the currency of the price list.
struct Figures {
  std::int64_t requests = 0;
  std::int64_t runs = 0;
  std::int64_t scanned_bytes = 0;
  std::int64_t paid_micros = 0;
  std::int64_t saved_bytes = 0;
  std::int64_t saved_micros = 0;

  Figures& operator+=(const Figures& other) {
    requests += other.requests;
    runs += other.runs;
    scanned_bytes += other.scanned_bytes;
    paid_micros += other.paid_micros;
    saved_bytes += other.saved_bytes;
    saved_micros += other.saved_micros;
    return *this;
  }
  friend bool operator==(const Figures&, const Figures&) = default;
};

}  // namespace lakelift::analytics
