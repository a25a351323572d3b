#include "domain/slices/receipt.h"

#include <fmt/format.h>

#include "base/ed25519.h"
#include "base/encoding.h"

namespace lakelift::slices {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kAlgorithm = "Ed25519";
constexpr std::size_t kDayChars = 10;      // of an ISO time
constexpr std::size_t kVersionChars = 16;  // of a source's version, in the line to cite

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string citation(const ReceiptFacts& facts, std::string_view base_url) {
  const DownloadRequest& request = facts.request;
  return fmt::format("Slice {} of {} ({}, {}; {} rows), data version {}, read {}. Lakelift, {}. SHA-256 {}.",
                     request.id, facts.item_name, counted(request.spec.columns.size(), "column"),
                     counted(request.spec.filters.size(), "filter"), request.rows.value_or(0),
                     request.source_version.substr(0, kVersionChars),
                     iso8601(facts.origin.read_at).substr(0, kDayChars), base_url, request.result_sha256.value_or(""));
}

json::array formats_of(const ReceiptFacts& facts) {
  json::array out;
  out.push_back({{"format", "parquet"},
                 {"bytes", facts.request.real_size.value_or(0)},
                 {"sha256", facts.request.result_sha256.value_or("")}});
  for (const auto& made : facts.origin.formats) {
    out.push_back({{"format", made.format}, {"bytes", made.size_bytes}, {"sha256", made.sha256}});
  }
  return out;
}

// Results of before this was written down.
json::value answered_from(const ReceiptFacts& facts) {
  if (facts.origin.answered_from) {
    if (auto parsed = parse_json(*facts.origin.answered_from)) return *std::move(parsed);
  }
  return json::object{{"kind", "not_recorded"}};
}

json::object key_json(const accounts::KeyRing& keys, const std::string& id, bool signs) {
  const std::string seed = keys.secret(accounts::KeyPurpose::kReceipt, id);
  return {{"id", id},
          {"algorithm", kAlgorithm},
          {"public_key", base64_encode(as_bytes(ed25519_public_key(seed)))},
          {"signs", signs}};
}

}  // namespace

json::object receipt_of(const ReceiptFacts& facts, std::string_view base_url) {
  const DownloadRequest& request = facts.request;
  const std::string spec = table::canonical_text(request.spec);
  return {{"version", kVersion},
          {"server", base_url},
          {"request_id", request.id},
          {"item", json::object{{"id", request.catalogue_item_id}, {"name", facts.item_name}}},
          {"spec", spec},
          {"spec_sha256", sha256_hex(spec)},
          {"source", json::object{{"version", request.source_version}, {"read_at", iso8601(facts.origin.read_at)}}},
          {"answered_from", answered_from(facts)},
          {"rows", request.rows.value_or(0)},
          {"bytes", request.real_size.value_or(0)},
          {"sha256", request.result_sha256.value_or("")},
          {"formats", formats_of(facts)},
          {"citation", citation(facts, base_url)}};
}

Result<json::object> sign_receipt(const json::object& receipt, const accounts::KeyRing& keys) {
  const std::string key_id = keys.newest(accounts::KeyPurpose::kReceipt);
  const std::string seed = keys.secret(accounts::KeyPurpose::kReceipt, key_id);
  if (seed.empty()) return fail(Code::kUnavailable, "the server's keys are being changed: try again");
  const std::string text = to_canonical_text(receipt);
  TRY(json::value sorted, parse_json(text));  // the answer shows it in the order in which it was signed
  return json::object{{"@type", "receipt"},
                      {"receipt", std::move(sorted)},
                      {"signature", json::object{{"algorithm", kAlgorithm},
                                                 {"key_id", key_id},
                                                 {"value", base64_encode(as_bytes(ed25519_sign(seed, text)))}}}};
}

json::object receipt_keys(const accounts::KeyRing& keys) {
  const std::string newest = keys.newest(accounts::KeyPurpose::kReceipt);
  json::array out;
  for (const auto& id : keys.key_ids(accounts::KeyPurpose::kReceipt)) out.push_back(key_json(keys, id, id == newest));
  return {{"@type", "receipt_keys"}, {"keys", std::move(out)}};
}

}  // namespace lakelift::slices
