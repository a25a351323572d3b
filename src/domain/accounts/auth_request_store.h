// The rows of auth requests (a program waits until somebody has signed in) and of flows (a browser is away at an
// issuer). Ids, codes and states come hashed (blake2b_hex).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backends/metadata/database.h"
#include "base/clock.h"

namespace lakelift::accounts {

struct AuthRequest {
  std::string id;                          // hash of the request_uuid; a device's: random, told to nobody
  std::optional<std::string> device_code;  // hash
  std::optional<std::string> user_code;    // "BCDFGHJK": of a device
  std::optional<std::int64_t> account_id;  // of who has signed in
  bool is_denied = false;
  std::string program;  // what it calls itself; not to be believed
  std::string address;  // that asked
  std::optional<Micros> polled_at;
  std::int64_t interval_seconds = 0;
  Micros created_at = 0;
  Micros expires_at = 0;
};

// False where the id or a code is taken.
[[nodiscard]] Result<bool> insert_auth_request(metadata::Transaction& transaction, const AuthRequest& request);
[[nodiscard]] Result<std::optional<AuthRequest>> find_auth_request(metadata::Session& session, std::string_view id);
[[nodiscard]] Result<std::optional<AuthRequest>> find_by_device_code(metadata::Session& session, std::string_view code);
[[nodiscard]] Result<std::optional<AuthRequest>> find_by_user_code(metadata::Session& session, std::string_view code);
// False where there is none that waits: unknown, expired, denied, or of another account by now.
[[nodiscard]] Result<bool> attach_account(metadata::Transaction& transaction, std::string_view id,
                                          std::int64_t account_id, Micros now);
// Takes an attached one away; its account. Of many who try, one gets it.
[[nodiscard]] Result<std::optional<std::int64_t>> take_attached(metadata::Transaction& transaction, std::string_view id,
                                                                Micros now);
// False where it no longer waits.
[[nodiscard]] Result<bool> deny_auth_request(metadata::Transaction& transaction, std::string_view id);
[[nodiscard]] Result<void> note_poll(metadata::Transaction& transaction, std::string_view id, Micros at,
                                     std::int64_t interval_seconds);
// Before an insertion: sweeps what has expired long ago. Error: kUnavailable TOO_MANY_AUTH_REQUESTS.
[[nodiscard]] Result<void> make_room_for_auth_request(metadata::Transaction& transaction, Micros now);

struct Flow {
  std::string state;         // hash
  std::string auth_request;  // its id; empty: the browser signs in for itself
  std::string issuer;        // name
  std::string browser;       // hash
  std::string nonce;
  std::string code_verifier;
  std::string return_to;
  Micros expires_at = 0;
};

[[nodiscard]] Result<void> insert_flow(metadata::Transaction& transaction, const Flow& flow);
// Takes it away: a state is good once, and in one browser.
[[nodiscard]] Result<std::optional<Flow>> take_flow(metadata::Transaction& transaction, std::string_view state,
                                                    std::string_view browser);
// As make_room_for_auth_request.
[[nodiscard]] Result<void> make_room_for_flow(metadata::Transaction& transaction, Micros now);

}  // namespace lakelift::accounts
