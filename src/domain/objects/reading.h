// Reading a stored object through, at a speed, and saying what is wrong with it.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/random_access.h"
#include "domain/objects/object_owner.h"

namespace lakelift::objects {

// How long to rest so that no more than `bytes_per_second` are read; what was not used is saved up for one second.
class Pacer {
 public:
  explicit Pacer(Micros now) : due_(now) {}
  // After `bytes` were read; 0 bytes per second: full speed.
  [[nodiscard]] Micros pause_after(std::uint64_t bytes, std::int64_t bytes_per_second, Micros now);

 private:
  Micros due_;  // when the bytes read so far are paid for
};

// Called after each piece that was read; an error ends the reading.
using AfterPiece = std::function<Result<void>(std::uint64_t bytes)>;

// What is wrong with the open object; nothing: it is what was stored. Errors: of reading, and of `after_piece`.
[[nodiscard]] Result<std::optional<std::string>> find_problem(RandomAccess& object, const Reference& reference,
                                                              const AfterPiece& after_piece);
// The same of the size alone, which costs nothing.
[[nodiscard]] std::optional<std::string> find_size_problem(const RandomAccess& object, const Reference& reference);

}  // namespace lakelift::objects
