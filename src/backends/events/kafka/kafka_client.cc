#include "backends/events/kafka/kafka_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/log.h"

namespace lakelift::events {
namespace {

constexpr std::size_t kErrorBytes = 512;

// What says how to reach a broker, and what changes neither order nor safety. All else is ours to say.
constexpr std::array kAllowed = std::to_array<std::string_view>({
    "api.version.request",
    "broker.address.family",
    "broker.address.ttl",
    "broker.version.fallback",
    "client.id",
    "client.rack",
    "compression.codec",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "debug",
    "enable.ssl.certificate.verification",
    "message.max.bytes",
    "metadata.max.age.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "security.protocol",
    "socket.keepalive.enable",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "topic.metadata.refresh.interval.ms",
});
// These run programs, or load them.
constexpr std::array kPrograms = std::to_array<std::string_view>(
    {"sasl.kerberos.kinit.cmd", "ssl.engine.id", "ssl.engine.location", "ssl.providers"});
struct Secret {
  std::string_view name;
  std::string_view instead;
};
constexpr std::array kSecrets = std::to_array<Secret>({
    {"sasl.oauthbearer.client.secret", "set LAKELIFT_KAFKA_OAUTH_SECRET"},
    {"sasl.oauthbearer.config", "set sasl.oauthbearer.method=oidc, sasl.oauthbearer.* and LAKELIFT_KAFKA_OAUTH_SECRET"},
    {"sasl.password", "set LAKELIFT_KAFKA_SASL_PASSWORD"},
    {"ssl.key.password", "set LAKELIFT_KAFKA_SSL_KEY_PASSWORD"},
    {"ssl.key.pem", "put the key into a file that ssl.key.location names, and set LAKELIFT_KAFKA_SSL_KEY_PASSWORD"},
    {"ssl.keystore.password", "set LAKELIFT_KAFKA_SSL_KEY_PASSWORD"},
});
// librdkafka writes these into the command line of kinit, which a shell reads.
constexpr std::string_view kKerberos = "sasl.kerberos.";
constexpr std::string_view kKerberosMarks = "-_./@:";

std::unexpected<Error> wrong(std::string_view setting, std::string message) {
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", message, {{std::string(setting), {message}}});
}

bool has(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

bool is_plain(std::string_view value) {
  return std::ranges::all_of(
      value, [](char ch) { return std::isalnum(static_cast<unsigned char>(ch)) != 0 || kKerberosMarks.contains(ch); });
}

// Error: kInvalid, saying what to do instead. The value is not shown.
Result<void> check_setting(std::string_view name, std::string_view value) {
  const auto* const secret = std::ranges::find(kSecrets, name, &Secret::name);
  if (secret != kSecrets.end()) {
    return wrong("kafka-set", fmt::format("{} is a secret, and others see it here: {}", name, secret->instead));
  }
  if (name == "bootstrap.servers") return wrong("kafka-set", "name the brokers by kafka-brokers");
  if (has(kPrograms, name)) return wrong("kafka-set", fmt::format("{} runs a program, and may not be set", name));
  if (name.starts_with(kKerberos) && !is_plain(value)) {
    return wrong("kafka-set", fmt::format("{}: letters, digits and {} are expected", name, kKerberosMarks));
  }
  if (has(kAllowed, name) || name.starts_with("sasl.") || name.starts_with("ssl.")) return {};
  return wrong("kafka-set", fmt::format("{} may not be set: security.protocol, sasl.*, ssl.* and what else says how to "
                                        "reach a broker may",
                                        name));
}

Result<void> set(rd_kafka_conf_t* configuration, std::string_view name, const std::string& value) {
  std::array<char, kErrorBytes> why{};
  if (rd_kafka_conf_set(configuration, std::string(name).c_str(), value.c_str(), why.data(), why.size()) !=
      RD_KAFKA_CONF_OK) {
    return wrong(name == "bootstrap.servers" ? "kafka-brokers" : "kafka-set",
                 fmt::format("librdkafka does not take {}: {}", name, why.data()));
  }
  return {};
}

// While a broker is away librdkafka has much to say; whoever sends says it once (Troubles).
void log_line(const rd_kafka_t*, int level, const char* facility, const char* text) {
  log_debug("librdkafka", {{"level", level}, {"facility", facility}, {"text", text}});
}

void note_trouble(rd_kafka_t*, int, const char* reason, void* opaque) { static_cast<Troubles*>(opaque)->last = reason; }

}  // namespace

bool is_kafka_secret(std::string_view name) {
  return std::ranges::find(kSecrets, name, &Secret::name) != kSecrets.end();
}

Result<std::pair<std::string, std::string>> parse_kafka_setting(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return wrong("kafka-set", "write NAME=VALUE");
  std::string name(text.substr(0, equals));
  std::string value(text.substr(equals + 1));
  TRY_VOID(check_setting(name, value));
  const Configuration scratch(rd_kafka_conf_new());
  TRY_VOID(set(scratch.get(), name, value));
  return std::pair(std::move(name), std::move(value));
}

Result<Configuration> configure(const KafkaOptions& options, Pairs ours, Troubles& troubles) {
  if (options.brokers.empty()) return wrong("kafka-brokers", "write HOST:PORT, with commas between");
  Configuration configuration(rd_kafka_conf_new());
  const auto give = [&](std::string_view name, const std::string& value) {
    return set(configuration.get(), name, value);
  };
  TRY_VOID(give("bootstrap.servers", options.brokers));
  TRY_VOID(give("client.id", "lakelift"));
  TRY_VOID(give("compression.type", "lz4"));
  TRY_VOID(give("reconnect.backoff.max.ms", "1000"));  // whoever was away for long is found again soon
  bool has_keystore = false;
  for (const auto& [name, value] : options.settings) {
    TRY_VOID(check_setting(name, value));
    has_keystore = has_keystore || name == "ssl.keystore.location";
    TRY_VOID(give(name, value));
  }
  if (!options.sasl_password.empty()) TRY_VOID(give("sasl.password", options.sasl_password));
  if (!options.oauth_secret.empty()) TRY_VOID(give("sasl.oauthbearer.client.secret", options.oauth_secret));
  if (!options.ssl_key_password.empty()) {
    TRY_VOID(give(has_keystore ? "ssl.keystore.password" : "ssl.key.password", options.ssl_key_password));
  }
  for (const auto& [name, value] : ours) TRY_VOID(give(name, value));
  rd_kafka_conf_set_log_cb(configuration.get(), log_line);
  rd_kafka_conf_set_error_cb(configuration.get(), note_trouble);
  rd_kafka_conf_set_opaque(configuration.get(), &troubles);
  return configuration;
}

Result<Handle> make_handle(rd_kafka_type_t type, Configuration configuration) {
  std::array<char, kErrorBytes> why{};
  Handle handle(rd_kafka_new(type, configuration.get(), why.data(), why.size()));
  if (!handle) return wrong("kafka-set", fmt::format("librdkafka does not start: {}", why.data()));
  static_cast<void>(configuration.release());  // the handle's now
  return handle;
}

}  // namespace lakelift::events
