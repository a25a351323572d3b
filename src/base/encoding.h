// Text forms of bytes, and digests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lakelift {

using Bytes = std::span<const std::byte>;
using Digest = std::array<std::byte, 32>;

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] std::string hex_encode(Bytes bytes);  // lower case
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(Bytes bytes);  // standard alphabet, padded
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64url_encode(Bytes bytes);  // no padding
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

// Equal, in a time that does not depend on where they differ.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);

[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view message);
[[nodiscard]] Digest sha256(Bytes bytes);
[[nodiscard]] std::string sha256_hex(std::string_view text);
// 32 bytes of BLAKE2b: what a secret that opens something is kept as.
[[nodiscard]] std::string blake2b_hex(std::string_view text);

// SHA-256 of a stream. Not threadsafe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(Bytes bytes);
  [[nodiscard]] Digest finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "%2F" and friends: everything but letters, digits and -._~ is escaped.
[[nodiscard]] std::string percent_encode(std::string_view text);
// Nothing for a broken escape.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);

}  // namespace lakelift
