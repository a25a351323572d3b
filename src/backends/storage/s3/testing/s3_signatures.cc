// Signs what it reads: a JSON object a line, {"method", "host", "path", "query": [[name, value]…], "headers": [[…]…],
// "payload_sha256", "key_id", "secret", "token", "region", "now": seconds, "presign": seconds or null}; and prints for
// each {"target", "headers": [[name, value]…]}. So that other signers can be compared with ours.
#include <iostream>
#include <string>

#include "backends/net/aws/sigv4.h"
#include "base/json.h"

namespace lakelift::storage {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const json::object& line, std::string_view name) { return find_string(line, name).value_or(""); }

Pairs pairs_of(const json::object& line, std::string_view name) {
  Pairs out;
  const json::value* const found = find(line, name);
  if (found == nullptr || !found->is_array()) return out;
  for (const auto& pair : found->get_array()) {
    const auto& two = pair.get_array();
    out.emplace_back(two.at(0).get_string(), two.at(1).get_string());
  }
  return out;
}

json::object sign(const json::object& line) {
  const aws::SignableCall call{.method = text_of(line, "method"),
                               .host = text_of(line, "host"),
                               .path = text_of(line, "path"),
                               .query = pairs_of(line, "query"),
                               .headers = pairs_of(line, "headers"),
                               .payload_sha256 = text_of(line, "payload_sha256")};
  const aws::Credentials credentials{text_of(line, "key_id"), text_of(line, "secret"), text_of(line, "token"), 0};
  const aws::SigningScope scope{.region = text_of(line, "region")};
  const Micros now = find_int(line, "now").value_or(0) * kMicrosPerSecond;
  if (const auto seconds = find_int(line, "presign")) {
    return {{"target", aws::presigned_target(call, credentials, scope, now, static_cast<int>(*seconds))},
            {"headers", json::array()}};
  }
  json::array headers;
  for (const auto& [name, value] : aws::signed_headers(call, credentials, scope, now)) {
    headers.push_back(json::array{name, value});
  }
  return {{"target", aws::request_target(call)}, {"headers", std::move(headers)}};
}

int run() {
  for (std::string text; std::getline(std::cin, text);) {
    const auto line = parse_json(text);
    if (!line || !line->is_object()) {
      std::cerr << "a line is no JSON object\n";
      return 1;
    }
    std::cout << to_text(sign(line->get_object())) << '\n';
  }
  return 0;
}

}  // namespace
}  // namespace lakelift::storage

int main() { return lakelift::storage::run(); }
