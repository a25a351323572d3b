#include "backends/metadata/soci/postgresql_address.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <map>
#include <memory>
#include <utility>

#include "base/limits.h"

namespace lakelift::metadata {
namespace {

using Options = std::map<std::string, std::string>;  // those that are given

constexpr std::string_view kExpected =
    "an address like postgresql://user:password@host:5432/name is expected, with signs such as @ or / in the password "
    "written as %40, %2F";

// What libpq says of a wrong address repeats parts of it, maybe of the password.
Result<Options> parse(const std::string& address) {
  const bool is_uri = address.starts_with("postgresql://") || address.starts_with("postgres://");
  if (!is_uri || address.find('\0') != std::string::npos) return fail(Code::kInvalid, std::string(kExpected));
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(address.c_str(), &why),
                                                                            PQconninfoFree);
  PQfreemem(why);
  if (parsed == nullptr) return fail(Code::kInvalid, std::string(kExpected));
  Options options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options.emplace(option->keyword, option->val);
  }
  return options;
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char ch : text) {
    const bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' ||
                       ch == '_' || ch == '.';
    out += plain ? std::string(1, ch) : fmt::format("%{:02X}", static_cast<unsigned char>(ch));
  }
  return out;
}

std::string take(Options& options, const std::string& name) {
  const auto found = options.find(name);
  if (found == options.end()) return {};
  std::string value = std::move(found->second);
  options.erase(found);
  return value;
}

}  // namespace

Result<std::string> complete_postgresql_address(const std::string& address) {
  TRY(Options options, parse(address));
  options["client_encoding"] = "UTF8";
  // A peer that is gone without a word is noticed within about half a minute.
  const std::string seconds = fmt::to_string(limits::kDatabaseConnectSeconds);
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"application_name", "lakelift"},
           {"connect_timeout", seconds},
           {"keepalives_idle", "10"},
           {"keepalives_interval", "5"},
           {"keepalives_count", "3"},
           {"tcp_user_timeout", fmt::to_string(limits::kDatabasePeerMs)},
           {"target_session_attrs", "read-write"}}) {
    options.emplace(name, value);
  }
  // A URI, because SOCI hands those on untouched and takes other forms apart at each `=`.
  std::string out = "postgresql://";
  char sign = '?';
  for (const auto& [name, value] : options) {
    out += fmt::format("{}{}={}", sign, name, encoded(value));
    sign = '&';
  }
  return out;
}

std::string masked_postgresql_address(const std::string& address) {
  constexpr std::string_view kMask = "***";
  auto parsed = parse(address);
  if (!parsed) return address.empty() ? std::string() : std::string(kMask);
  Options& options = *parsed;
  std::string out = "postgresql://" + take(options, "user");
  if (!take(options, "password").empty()) out += fmt::format(":{}", kMask);
  if (out.back() != '/') out += '@';
  out += take(options, "host");
  if (const std::string port = take(options, "port"); !port.empty()) out += ":" + port;
  out += "/" + take(options, "dbname");
  char sign = '?';
  for (const auto& [name, value] : options) {
    const bool secret = name.find("password") != std::string::npos || name.find("secret") != std::string::npos;
    out += fmt::format("{}{}={}", sign, name, secret ? kMask : value);
    sign = '&';
  }
  return out;
}

}  // namespace lakelift::metadata
