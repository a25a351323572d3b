// What a paper can cite and anybody can check: which rows were asked for, of which data, what came, signed by the
// server (Ed25519). A receipt holds texts and whole numbers only, so that sorting its keys makes one text of it
// everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "domain/accounts/key_ring.h"
#include "domain/slices/download_request.h"
#include "domain/slices/result_store.h"

namespace lakelift::slices {

struct ReceiptFacts {
  DownloadRequest request;  // DONE
  std::string item_name;
  store::KnownOrigin origin;
};

// {version, server, request_id, item: {id, name}, spec (canonical text of the normal form), spec_sha256, source:
// {version, read_at}, answered_from, rows, bytes, sha256, formats: [{format, bytes, sha256}], citation}. Pure.
[[nodiscard]] json::object receipt_of(const ReceiptFacts& facts, std::string_view base_url);

// {"@type": "receipt", "receipt", "signature": {algorithm, key_id, value (base64)}}: over the canonical text of
// `receipt`. Error: kUnavailable while the keys are being changed.
[[nodiscard]] Result<json::object> sign_receipt(const json::object& receipt, const accounts::KeyRing& keys);
// {"@type": "receipt_keys", "keys": [{id, algorithm, public_key (base64), signs}]}, the one that signs first.
[[nodiscard]] json::object receipt_keys(const accounts::KeyRing& keys);

}  // namespace lakelift::slices
