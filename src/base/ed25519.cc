#include "base/ed25519.h"

#include <sodium.h>

#include <array>

namespace lakelift {
namespace {

static_assert(kEd25519SeedBytes == crypto_sign_SEEDBYTES);
static_assert(kEd25519PublicKeyBytes == crypto_sign_PUBLICKEYBYTES);
static_assert(kEd25519SignatureBytes == crypto_sign_BYTES);

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// The secret half is wiped when it goes.
struct Pair {
  explicit Pair(std::string_view seed) { crypto_sign_seed_keypair(public_key.data(), secret.data(), raw(seed)); }
  ~Pair() { sodium_memzero(secret.data(), secret.size()); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
};

}  // namespace

std::string ed25519_public_key(std::string_view seed) {
  if (seed.size() != kEd25519SeedBytes) return {};
  const Pair pair(seed);
  return {reinterpret_cast<const char*>(pair.public_key.data()), pair.public_key.size()};
}

std::string ed25519_sign(std::string_view seed, std::string_view message) {
  if (seed.size() != kEd25519SeedBytes) return {};
  const Pair pair(seed);
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, raw(message), message.size(),
                       pair.secret.data());
  return signature;
}

bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (public_key.size() != kEd25519PublicKeyBytes || signature.size() != kEd25519SignatureBytes) return false;
  return crypto_sign_verify_detached(raw(signature), raw(message), message.size(), raw(public_key)) == 0;
}

}  // namespace lakelift
