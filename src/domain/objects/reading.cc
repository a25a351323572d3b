#include "domain/objects/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"

namespace lakelift::objects {

Micros Pacer::pause_after(std::uint64_t bytes, std::int64_t bytes_per_second, Micros now) {
  due_ = std::max(due_, now - kMicrosPerSecond);
  if (bytes_per_second <= 0) {
    due_ = now;
    return 0;
  }
  due_ += static_cast<Micros>(static_cast<double>(bytes) * kMicrosPerSecond / static_cast<double>(bytes_per_second));
  return std::max<Micros>(0, due_ - now);
}

std::optional<std::string> find_size_problem(const RandomAccess& object, const Reference& reference) {
  if (object.size_bytes() == reference.size_bytes) return std::nullopt;
  return fmt::format("{} bytes where {} were stored", object.size_bytes(), reference.size_bytes);
}

Result<std::optional<std::string>> find_problem(RandomAccess& object, const Reference& reference,
                                                const AfterPiece& after_piece) {
  if (auto problem = find_size_problem(object, reference)) return problem;
  Sha256 hash;
  std::vector<std::byte> buffer(limits::kStreamBufferBytes);
  std::uint64_t at = 0;
  while (at < reference.size_bytes) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), reference.size_bytes - at);
    TRY(const std::size_t got, object.read_at(at, std::span(buffer).first(wanted)));
    if (got == 0) return fmt::format("{} bytes where {} were stored", at, reference.size_bytes);
    hash.update(std::span(buffer).first(got));
    at += got;
    TRY_VOID(after_piece(got));
  }
  if (hex_encode(hash.finish()) != reference.sha256) return "other bytes than were stored";
  return std::nullopt;
}

}  // namespace lakelift::objects
