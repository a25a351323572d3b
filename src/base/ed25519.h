// Signatures that anybody can check with a public key (RFC 8032).
#pragma once

#include <string>
#include <string_view>

namespace lakelift {

inline constexpr std::size_t kEd25519SeedBytes = 32;
inline constexpr std::size_t kEd25519PublicKeyBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;

// `seed`: kEd25519SeedBytes secret random bytes; of another length: empty. All of these are raw bytes.
[[nodiscard]] std::string ed25519_public_key(std::string_view seed);
[[nodiscard]] std::string ed25519_sign(std::string_view seed, std::string_view message);
// False also for a key or a signature of another length.
[[nodiscard]] bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace lakelift
