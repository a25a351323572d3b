// Who wants to know which bytes of a content really went out (Content::watch).
#pragma once

#include <cstdint>
#include <functional>

namespace lakelift::http {

// Of one answer. Called on the connection's thread, one call after another; must not block. Neither is called for an
// answer without content (HEAD, 304, 412, 416). Destroyed without end(): the answer is over, and nobody waits.
class TransferWatch {
 public:
  virtual ~TransferWatch() = default;
  // Bytes [offset, offset + length) of the content went to the network; no heads, no boundaries of parts.
  virtual void sent(std::uint64_t offset, std::uint64_t length) = 0;
  // The answer is over, whole or cut off. `committed` (or nothing: nobody waits) is to be called once, from any thread,
  // also long after the server is gone: until then the connection takes no further request.
  virtual void end(std::function<void()> committed) = 0;
};

}  // namespace lakelift::http
