#include "backends/storage/azure/signing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "base/encoding.h"

namespace lakelift::storage {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// The standard headers of the string to sign, in its order; "date" stays empty because x-ms-date is sent.
constexpr std::array<std::string_view, 11> kSignedHeaders{
    "content-encoding",  "content-language", "content-length", "content-md5",         "content-type", "date",
    "if-modified-since", "if-match",         "if-none-match",  "if-unmodified-since", "range"};
constexpr std::size_t kSecondsOfIso = 19;  // "2026-11-22T17:35:15"

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return "";
  return std::string(text.substr(from, text.find_last_not_of(" \t") - from + 1));
}

std::map<std::string, std::string> by_lower_name(const net::Headers& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) out[lower(name)] = trimmed(value);
  return out;
}

// "name:value\n" of each x-ms- header, by name.
std::string canonicalized_headers(const std::map<std::string, std::string>& headers) {
  std::string out;
  for (const auto& [name, value] : headers) {
    if (name.starts_with("x-ms-")) out.append(name).append(":").append(value).append("\n");
  }
  return out;
}

// "/account" and the path, then "\nname:value,value" of each parameter of the query, by name.
std::string canonicalized_resource(const AzureCall& call, std::string_view account) {
  std::map<std::string, std::vector<std::string>> parameters;
  for (const auto& [name, value] : call.query) parameters[lower(name)].push_back(value);
  std::string out = "/" + std::string(account) + call.path;
  for (auto& [name, values] : parameters) {
    std::ranges::sort(values);
    out += "\n" + name + ":";
    for (std::size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : ",") + values[i];
  }
  return out;
}

std::string signature(std::string_view key, std::string_view text) { return base64_encode(hmac_sha256(key, text)); }

std::string iso_seconds(Micros at) { return iso8601(at).substr(0, kSecondsOfIso) + "Z"; }

}  // namespace

std::string shared_key_authorization(const AzureCall& call, std::string_view account, std::string_view key) {
  auto headers = by_lower_name(call.headers);
  // Since version 2015-02-21 an empty body's length is signed as nothing.
  headers["content-length"] = call.content_length == 0 ? "" : std::to_string(call.content_length);
  headers["date"] = "";
  std::string text = call.method + "\n";
  for (const std::string_view name : kSignedHeaders) text += headers[std::string(name)] + "\n";
  text += canonicalized_headers(headers) + canonicalized_resource(call, account);
  return "SharedKey " + std::string(account) + ":" + signature(key, text);
}

std::string sas_query(const BlobSas& sas, std::string_view account, std::string_view key) {
  const std::string starts = sas.starts == 0 ? "" : iso_seconds(sas.starts);
  const std::string expires = iso_seconds(sas.expires);
  const std::string protocol = sas.https_only ? "https" : "";
  const std::string version(kAzureVersion);
  const std::string resource = "b";
  const std::string name = "/blob/" + std::string(account) + "/" + sas.container + "/" + sas.blob;
  // Empty: stored policy, address, snapshot, encryption scope, Cache-Control, Content-Encoding, Content-Language.
  const std::array<std::string_view, 16> fields{sas.permissions,
                                                starts,
                                                expires,
                                                name,
                                                "",
                                                "",
                                                protocol,
                                                version,
                                                resource,
                                                "",
                                                "",
                                                "",
                                                sas.content_disposition,
                                                "",
                                                "",
                                                sas.content_type};
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : "\n") + std::string(fields[i]);
  const Pairs parameters{{"sv", version},
                         {"sr", resource},
                         {"sp", sas.permissions},
                         {"st", starts},
                         {"se", expires},
                         {"spr", protocol},
                         {"rscd", sas.content_disposition},
                         {"rsct", sas.content_type},
                         {"sig", signature(key, text)}};
  std::string query;
  for (const auto& [parameter, value] : parameters) {
    if (value.empty()) continue;
    query += (query.empty() ? "" : "&") + parameter + "=" + percent_encode(value);
  }
  return query;
}

}  // namespace lakelift::storage
