// Signs what it is told, a JSON object a line, and answers with a JSON object a line:
//   {"kind": "call", account, key, method, path, query: [[name, value]…], headers: [[name, value]…], content_length}
//     → {"authorization"}
//   {"kind": "sas", account, key, container, blob, permissions, starts, expires, https_only, content_type,
//    content_disposition} → {"query"}        (key in base64; times in seconds since 1970; starts 0: none)
#include <iostream>
#include <string>

#include "backends/storage/azure/signing.h"
#include "base/encoding.h"
#include "base/json.h"

namespace lakelift::storage {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const json::object& from, std::string_view name) { return find_string(from, name).value_or(""); }

Pairs pairs_of(const json::object& from, std::string_view name) {
  Pairs pairs;
  const json::value* found = find(from, name);
  if (found == nullptr || !found->is_array()) return pairs;
  for (const json::value& pair : found->get_array()) {
    const json::array& both = pair.as_array();
    pairs.emplace_back(std::string(both.at(0).as_string()), std::string(both.at(1).as_string()));
  }
  return pairs;
}

json::object sign_call(const json::object& from, std::string_view key) {
  const AzureCall call{.method = text_of(from, "method"),
                       .path = text_of(from, "path"),
                       .query = pairs_of(from, "query"),
                       .headers = pairs_of(from, "headers"),
                       .content_length = static_cast<std::uint64_t>(find_int(from, "content_length").value_or(0))};
  return {{"authorization", shared_key_authorization(call, text_of(from, "account"), key)}};
}

json::object sign_address(const json::object& from, std::string_view key) {
  const BlobSas sas{.container = text_of(from, "container"),
                    .blob = text_of(from, "blob"),
                    .permissions = text_of(from, "permissions"),
                    .starts = find_int(from, "starts").value_or(0) * kMicrosPerSecond,
                    .expires = find_int(from, "expires").value_or(0) * kMicrosPerSecond,
                    .https_only = find_bool(from, "https_only").value_or(true),
                    .content_type = text_of(from, "content_type"),
                    .content_disposition = text_of(from, "content_disposition")};
  return {{"query", sas_query(sas, text_of(from, "account"), key)}};
}

json::object sign(const std::string& line) {
  const auto parsed = parse_json(line);
  if (!parsed || !parsed->is_object()) return {{"problem", "that line is no JSON object"}};
  const json::object& from = parsed->get_object();
  const auto key = base64_decode(text_of(from, "key"));
  if (!key) return {{"problem", "the key is no base64"}};
  return text_of(from, "kind") == "sas" ? sign_address(from, *key) : sign_call(from, *key);
}

}  // namespace
}  // namespace lakelift::storage

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << lakelift::to_text(lakelift::storage::sign(line)) << std::endl;
  }
}
