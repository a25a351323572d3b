#include "backends/net/transport.h"

#include <array>

namespace lakelift::net {

Result<std::string> TransferAnswer::text(std::size_t most_bytes) {
  std::string out;
  std::array<std::byte, 16 * 1024> buffer;
  for (;;) {
    TRY(const std::size_t got, read(buffer));
    if (got == 0) return out;
    if (out.size() + got > most_bytes) return fail(Code::kTooLarge, "ANSWER_TOO_LARGE", "the answer is too large");
    out.append(reinterpret_cast<const char*>(buffer.data()), got);
  }
}

}  // namespace lakelift::net
