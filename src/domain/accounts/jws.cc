#include "domain/accounts/jws.h"

#include <cjose/cjose.h>

#include <memory>

namespace lakelift::accounts {
namespace {

template <auto Release>
struct Releaser {
  template <typename T>
  void operator()(T* thing) const {
    Release(thing);
  }
};
using Jwk = std::unique_ptr<cjose_jwk_t, Releaser<cjose_jwk_release>>;
using Jws = std::unique_ptr<cjose_jws_t, Releaser<cjose_jws_release>>;
using Header = std::unique_ptr<cjose_header_t, Releaser<cjose_header_release>>;

const uint8_t* raw(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

Jwk key_from(std::string_view secret) {
  cjose_err error{};
  return Jwk(cjose_jwk_create_oct_spec(raw(secret), secret.size(), &error));
}

std::unexpected<Error> failed(const cjose_err& error) {
  return fail(Code::kInternal,
              std::string("a token could not be signed: ") + (error.message ? error.message : "unknown"));
}

}  // namespace

Result<std::string> sign_jws(std::string_view payload, std::string_view key_id, std::string_view secret) {
  cjose_err error{};
  const Jwk key = key_from(secret);
  const Header header(cjose_header_new(&error));
  if (key == nullptr || header == nullptr) return failed(error);
  if (!cjose_header_set(header.get(), CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, &error) ||
      !cjose_header_set(header.get(), "typ", "JWT", &error) ||
      !cjose_header_set(header.get(), CJOSE_HDR_KID, std::string(key_id).c_str(), &error)) {
    return failed(error);
  }
  const Jws jws(cjose_jws_sign(key.get(), header.get(), raw(payload), payload.size(), &error));
  const char* text = nullptr;
  if (jws == nullptr || !cjose_jws_export(jws.get(), &text, &error)) return failed(error);
  return std::string(text);  // `text` belongs to the jws
}

bool verify_jws(std::string_view token, std::string_view secret) {
  cjose_err error{};
  const Jwk key = key_from(secret);
  const Jws jws(cjose_jws_import(token.data(), token.size(), &error));
  return key != nullptr && jws != nullptr && cjose_jws_verify(jws.get(), key.get(), &error);
}

}  // namespace lakelift::accounts
