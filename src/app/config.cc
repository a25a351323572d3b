#include "app/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <optional>

#include "app/issuer_config.h"
#include "app/price_config.h"
#include "backends/executors/spark/spark_engine.h"
#include "backends/metadata/soci/postgresql_address.h"
#include "base/fd.h"
#include "domain/webhooks/receiver_rule.h"

namespace lakelift::app {
namespace {

constexpr std::int64_t kMostChunkBytes = std::int64_t{1} << 60;
constexpr std::int64_t kMostChunkSeconds = 3'650LL * 86'400;

constexpr std::size_t kSecretFileBytes = 16 * 1024;

struct Setting {
  std::string name;
  std::string help;
  std::string default_text;
  std::function<Result<void>(const std::string&)> set;
  std::string (*shown)(const std::string&) = nullptr;  // of a value with a secret in it
  bool is_switch = false;                              // a flag without a value
  bool is_by_engine = false;                           // may be repeated, name=value; a table of the file
  bool is_list = false;                                // may be given again and again, which adds
};

template <typename T>
std::function<Result<void>(const std::string&)> number(T& target, T least, T most) {
  return [&target, least, most](const std::string& text) -> Result<void> {
    T value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
      return fail(Code::kInvalid, fmt::format("a whole number from {} to {} is expected", least, most));
    }
    target = value;
    return {};
  };
}

std::function<Result<void>(const std::string&)> text(std::string& target) {
  return [&target](const std::string& value) -> Result<void> {
    target = value;
    return {};
  };
}

template <typename T>
std::function<Result<void>(const std::string&)> choice(T& target, std::map<std::string, T> choices) {
  return [&target, choices = std::move(choices)](const std::string& value) -> Result<void> {
    const auto found = choices.find(value);
    if (found == choices.end()) {
      std::vector<std::string> names;
      for (const auto& [name, _] : choices) names.push_back(name);
      return fail(Code::kInvalid, fmt::format("one of {} is expected", fmt::join(names, ", ")));
    }
    target = found->second;
    return {};
  };
}

std::function<Result<void>(const std::string&)> list(std::vector<std::string>& target) {
  return [&target](const std::string& value) -> Result<void> {
    target.clear();
    for (std::size_t at = 0; at <= value.size();) {
      const std::size_t comma = std::min(value.find(',', at), value.size());
      if (comma > at) target.push_back(value.substr(at, comma - at));
      at = comma + 1;
    }
    return {};
  };
}

std::function<Result<void>(const std::string&)> database(std::string& target) {
  return [&target](const std::string& value) -> Result<void> {
    TRY_VOID(metadata::complete_postgresql_address(value));
    target = value;
    return {};
  };
}

// A secret in a file of its own, as systemd and containers hand them out: other settings show up in lists of processes.
std::function<Result<void>(const std::string&)> file_with(std::function<Result<void>(const std::string&)> set) {
  return [set = std::move(set)](const std::string& path) -> Result<void> {
    TRY(std::string content, read_file(path, kSecretFileBytes));
    return set(content.substr(0, content.find_last_not_of(" \t\r\n") + 1));
  };
}

std::function<Result<void>(const std::string&)> yes_or_no(bool& target) {
  return choice<bool>(target, {{"true", true}, {"false", false}});
}

// A name of a bucket, a container, or a prefix of keys in it, as an address shows it.
bool is_storage_name(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.back() != '/' && name.find("//") == std::string_view::npos &&
         std::ranges::all_of(name, [](char ch) {
           return std::isalnum(static_cast<unsigned char>(ch)) != 0 || std::string_view("-_./").contains(ch);
         });
}

std::function<Result<void>(const std::string&)> storage_addresses(StorageConfig& target) {
  return [&target](const std::string& value) -> Result<void> {
    std::vector<std::string> found;
    TRY_VOID(list(found)(value));
    for (const auto& address : found) {
      const std::string_view all = address;
      const bool is_good = all == "disk" || (all.starts_with("s3://") && is_storage_name(all.substr(5))) ||
                           (all.starts_with("azure://") && is_storage_name(all.substr(8)));
      if (!is_good) return fail(Code::kInvalid, "write disk, s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX]");
      if (std::ranges::count(found, address) > 1) return fail(Code::kInvalid, "the same storage is named twice");
    }
    if (found.empty()) return fail(Code::kInvalid, "write disk, s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX]");
    target.addresses = std::move(found);
    return {};
  };
}

std::function<Result<void>(const std::string&)> results_address(std::string& target) {
  return [&target](const std::string& value) -> Result<void> {
    const std::string_view all = value;
    const bool is_good = all.starts_with('/') || (all.starts_with("s3://") && is_storage_name(all.substr(5))) ||
                         (all.starts_with("azure://") && is_storage_name(all.substr(8)));
    if (!is_good) return fail(Code::kInvalid, "write /A/FOLDER, s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX]");
    target = value;
    return {};
  };
}

std::function<Result<void>(const std::string&)> views(std::map<std::string, std::string>& target) {
  return [&target](const std::string& value) -> Result<void> {
    std::vector<std::string> entries;
    TRY_VOID(list(entries)(value));
    for (const auto& entry : entries) {
      const auto equals = entry.find('=');
      if (equals == 0 || equals == std::string::npos || equals + 1 == entry.size()) {
        return fail(Code::kInvalid, "write NAME=FOLDER, with commas between");
      }
      target[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return {};
  };
}

// Values may have commas in them.
std::function<Result<void>(const std::string&)> spark_conf(std::vector<std::string>& target) {
  return [&target](const std::string& value) -> Result<void> {
    target.clear();
    for (std::size_t at = 0; at <= value.size();) {
      const std::size_t space = std::min(value.find(' ', at), value.size());
      if (space > at) {
        target.push_back(value.substr(at, space - at));
        TRY_VOID(executors::check_spark_conf(target.back()));
      }
      at = space + 1;
    }
    return {};
  };
}

using SetByEngine = Result<void> (*)(slices::SliceSettings&, std::string_view);

Setting by_engine(slices::SliceSettings& target, std::string name, std::string help, SetByEngine set) {
  return {.name = std::move(name),
          .help = std::move(help),
          .default_text = "",
          .set = [&target, set](const std::string& value) { return set(target, value); },
          .is_by_engine = true};
}

std::function<Result<void>(const std::string&)> webhook_hosts(std::vector<std::string>& target) {
  return [&target](const std::string& value) -> Result<void> {
    TRY_VOID(list(target)(value));
    for (const auto& host : target) {
      if (auto fault = webhooks::fault_of_host(host); !fault.empty()) return fail(Code::kInvalid, std::move(fault));
    }
    return {};
  };
}

std::function<Result<void>(const std::string&)> s3_address(std::string& target) {
  return [&target](const std::string& value) -> Result<void> {
    if (!value.empty() && !(value.starts_with("s3://") && is_storage_name(std::string_view(value).substr(5)))) {
      return fail(Code::kInvalid, "write s3://BUCKET[/PREFIX]");
    }
    target = value;
    return {};
  };
}

// Of Amazon's names: a region, a workgroup, a catalog.
std::function<Result<void>(const std::string&)> amazon_name(std::string& target) {
  return [&target](const std::string& value) -> Result<void> {
    const auto fits = [](char ch) {
      return std::isalnum(static_cast<unsigned char>(ch)) != 0 || std::string_view("-_.:/").contains(ch);
    };
    if (value.empty() || value.size() > 256 || !std::ranges::all_of(value, fits)) {
      return fail(Code::kInvalid, "a name of letters, digits and -_.:/ is expected");
    }
    target = value;
    return {};
  };
}

// Windows that begin at midnight each day.
std::function<Result<void>(const std::string&)> part_of_a_day(std::int64_t& target) {
  return [&target](const std::string& value) -> Result<void> {
    constexpr std::int64_t kDaySeconds = 86'400;
    std::int64_t seconds = 0;
    TRY_VOID(number<std::int64_t>(seconds, 10, kDaySeconds)(value));
    if (kDaySeconds % seconds != 0)
      return fail(Code::kInvalid, "a day has no whole number of them: say 60, 300 or 3600");
    target = seconds;
    return {};
  };
}

std::string hidden(const std::string& value) { return value.empty() ? "" : "***"; }

std::vector<Setting> settings_of(Config& c, GoogleSettings& google) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  return {
      {"data", "the folder that holds everything", c.data_dir, text(c.data_dir)},
      {"database", "postgresql://user:password@host:port/name; default: SQLite in the data folder", "",
       database(c.database), metadata::masked_postgresql_address},
      {"database-file", "a file that holds the value of --database", "", file_with(database(c.database))},
      {"listen", "the address to listen on", c.listen, text(c.listen)},
      {"port", "the port; 0: any free one", fmt::to_string(c.port), number<std::uint16_t>(c.port, 0, 65535)},
      {"public-url", "what addresses handed out begin with; needed beyond loopback", "", text(c.public_url)},
      {"trusted-proxies", "peers whose X-Forwarded-* headers are believed, with commas between", "",
       list(c.trusted_proxies)},
      {"log-level", "debug, info, warning or error", "info",
       choice<LogLevel>(c.log_level, {{"debug", LogLevel::kDebug},
                                      {"info", LogLevel::kInfo},
                                      {"warning", LogLevel::kWarning},
                                      {"error", LogLevel::kError}})},
      {"log-format", "text or json", "text",
       choice<LogFormat>(c.log_format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}})},
      {"uri-wait-ms", "how long an address waits for its data", fmt::to_string(c.uri_wait_ms),
       number<int>(c.uri_wait_ms, 100, 24 * 3'600'000)},
      {"drain-ms", "how long answers in flight may take after SIGTERM", fmt::to_string(c.drain_ms),
       number<int>(c.drain_ms, 0, 600'000)},
      {"chunks-bytes", "what may be held of chunks in all, the longest unused goes first; 0: no limit",
       fmt::to_string(c.slices.chunks_bytes), number<std::int64_t>(c.slices.chunks_bytes, 0, kMostChunkBytes)},
      {"chunks-unused-seconds", "chunks that nobody used for so long are dropped; 0: never",
       fmt::to_string(c.slices.chunks_unused_seconds),
       number<std::int64_t>(c.slices.chunks_unused_seconds, 0, kMostChunkSeconds)},
      {"chunks-run-bytes", "a run for missing chunks brings more than is asked for, where that is no more than this",
       fmt::to_string(c.slices.most_piece_bytes), number<std::int64_t>(c.slices.most_piece_bytes, 0, kMostChunkBytes)},
      {"running-runs", "runs at once", fmt::to_string(c.running_runs), number<std::size_t>(c.running_runs, 1, 64)},
      {"currency", "of all prices", c.slices.prices.currency,
       [&c](const std::string& value) { return set_currency(c.slices, value); }},
      by_engine(c.slices, "price", "what an engine costs: ENGINE=AMOUNT/TB[,min=SIZE], ENGINE=AMOUNT/hour, ENGINE=0",
                set_prices),
      by_engine(
          c.slices, "engine-runs",
          "runs at once on an engine, of all servers together: ENGINE=N; default 4, of local running-runs a server",
          set_engine_runs),
      by_engine(c.slices, "run-deadline-seconds",
                "the most that a run may take: ENGINE=SECONDS; 0: no limit; default 86400", set_run_deadlines),
      by_engine(c.slices, "run-most-bytes", "the most that one run may scan: ENGINE=SIZE", set_run_most_bytes),
      by_engine(c.slices, "run-most-money", "the most that one run may cost: ENGINE=AMOUNT", set_run_most_money),
      {"workers", "columnar worker programs at once", fmt::to_string(c.workers), number<std::size_t>(c.workers, 1, 64)},
      {"spare-workers", "worker programs started ahead of time", fmt::to_string(c.spare_workers),
       number<std::size_t>(c.spare_workers, 0, 16)},
      {"worker-memory-mib", "memory limit of one worker program", fmt::to_string(c.worker_memory_bytes / kMiB),
       [&c](const std::string& value) -> Result<void> {
         std::uint64_t mib = 0;
         TRY_VOID(number<std::uint64_t>(mib, 128, 1'048'576)(value));
         c.worker_memory_bytes = mib * kMiB;
         return {};
       }},
      {"google-client-id", "sign in with Google: the client's id", "", text(google.client_id)},
      {"google-client-secret", "its secret", "", text(google.client_secret), hidden},
      {"google-client-secret-file", "a file that holds its secret", "", text(google.client_secret_file)},
      {"allowed-domains", "Google accounts of these domains alone, with commas between", "",
       list(google.allowed_domains)},
      {"dev-login", "for one machine: whoever types an email is signed in as it", "false", yes_or_no(c.dev_login),
       nullptr, true},
      {"sign-ins-per-minute", "of one address and of one account", fmt::to_string(c.sign_ins_per_minute),
       number<std::int64_t>(c.sign_ins_per_minute, 1, 1'000'000)},
      {"quota-bytes", "what an account's files and trash may take; 0: no limit", fmt::to_string(c.quota_bytes),
       number<std::int64_t>(c.quota_bytes, 0, std::int64_t{1} << 62)},
      {"quota-files", "how many files an account may have, the trash counted with it; 0: no limit",
       fmt::to_string(c.quota_files), number<std::int64_t>(c.quota_files, 0, std::int64_t{1} << 62)},
      {"trash-days", "how long deleted and replaced files are kept; 0: they are gone at once",
       fmt::to_string(c.trash_days), number<std::int64_t>(c.trash_days, 0, limits::kTrashMostDays)},
      {"liftbit-open", "for one machine: calls of LiftBit's scripts are believed about whose files they name", "false",
       yes_or_no(c.liftbit_open), nullptr, true},
      {"liftbit-open-anywhere",
       "liftbit-open although the server is reached from elsewhere: everybody's files are open", "false",
       yes_or_no(c.liftbit_open_anywhere), nullptr, true},
      {"ca-file", "PEM file of the authorities that are trusted when the server calls others; default: the system's",
       "", text(c.ca_file)},
      {"webhook-host",
       "hosts that accounts may have called when something happens, with commas between; .example.com: all below it "
       "too",
       "", webhook_hosts(c.webhook_hosts), nullptr, false, false, true},
      {"webhook-loopback", "for one machine: webhooks may name it, also by plain http", "false",
       yes_or_no(c.webhook_loopback), nullptr, true},
      {"profile-rows", "a table with more rows is profiled by a random part of its row groups, of about so many",
       fmt::to_string(c.profile_rows), number<std::int64_t>(c.profile_rows, 1, std::int64_t{1} << 62)},
      {"source-check-seconds", "how often to look whether an item's data have changed; 0: never",
       fmt::to_string(c.source_check_seconds), number<int>(c.source_check_seconds, 0, 30 * 86'400)},
      {"window-seconds",
       "length of the windows of downloads and bytes; must divide a day; all servers of one database say the same",
       fmt::to_string(c.window_seconds), part_of_a_day(c.window_seconds)},
      {"scrub-bytes-per-second", "how fast stored content is read through in the background, day by day; 0: not at all",
       fmt::to_string(c.scrub_bytes_per_second),
       number<std::int64_t>(c.scrub_bytes_per_second, 0, std::int64_t{1} << 50)},
      {"storage",
       "where content is kept: disk, s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX]; after a comma: others that "
       "`lakelift move-storage` may name, or that still hold some",
       "disk", storage_addresses(c.storage)},
      {"s3-endpoint", "address of a server that speaks S3; default: Amazon's", "", text(c.storage.s3_endpoint)},
      {"s3-region", "its region", c.storage.s3_region, text(c.storage.s3_region)},
      {"s3-addressing", "path, virtual-host, or auto: path where s3-endpoint is given", "auto",
       choice<std::string>(c.storage.s3_addressing,
                           {{"auto", "auto"}, {"path", "path"}, {"virtual-host", "virtual-host"}})},
      {"azure-account", "name of the Azure storage account [AZURE_STORAGE_ACCOUNT]; its key: AZURE_STORAGE_KEY", "",
       text(c.storage.azure_account)},
      {"azure-endpoint", "address of its blob service; default: Azure's", "", text(c.storage.azure_endpoint)},
      {"storage-plain-http", "s3-endpoint and azure-endpoint may be http on another machine: what is sent can be read",
       "false", yes_or_no(c.storage.plain_http), nullptr, true},
      {"direct-downloads", "send who downloads to a signed address of the storage itself, where it gives some", "false",
       yes_or_no(c.storage.direct_downloads), nullptr, true},
      {"direct-download-seconds", "how long such an address is good for, whatever is revoked meanwhile",
       fmt::to_string(c.storage.direct_download_seconds),
       number<int>(c.storage.direct_download_seconds, 1, limits::kMostSignedAddressSeconds)},
      {"athena-output",
       "s3://BUCKET[/PREFIX] where Amazon Athena leaves results on their way; given: tables of Athena can be added. "
       "Its "
       "credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or as the AWS command line finds them",
       "", s3_address(c.athena.output)},
      {"athena-region", "the region of Athena and of that bucket", c.athena.region, amazon_name(c.athena.region)},
      {"athena-workgroup", "the workgroup that its queries run in, and are paid by", c.athena.workgroup,
       amazon_name(c.athena.workgroup)},
      {"athena-catalog", "the catalog of its tables", c.athena.catalog, amazon_name(c.athena.catalog)},
      {"athena-endpoint", "address of Athena; default: Amazon's of the region", "", text(c.athena.endpoint)},
      {"athena-s3-endpoint", "address of the S3 of athena-output; default: Amazon's of the region", "",
       text(c.athena.s3_endpoint)},
      {"spark-submit", "Spark as an engine: its spark-submit, a path or a name that PATH has; default: no Spark", "",
       text(c.job_engines.spark_submit)},
      {"spark-master", "where Spark runs: local[*], spark://HOST:7077, yarn, k8s://HOST", c.job_engines.spark_master,
       text(c.job_engines.spark_master)},
      {"spark-conf", "settings of Spark, spark.name=value, with spaces between; no secrets", "",
       spark_conf(c.job_engines.spark_conf)},
      {"spark-results", "where Spark leaves results: /A/FOLDER, s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX]", "",
       results_address(c.job_engines.spark_results)},
      {"spark-view", "tables that are folders of Parquet files: NAME=FOLDER, with commas between", "",
       views(c.job_engines.spark_views)},
      {"spark-jobs", "drivers of Spark at once on this machine", fmt::to_string(c.job_engines.spark_jobs),
       number<std::size_t>(c.job_engines.spark_jobs, 1, 64)},
      {"databricks-host",
       "Databricks as an engine: https://WORKSPACE; its token: LAKELIFT_DATABRICKS_TOKEN; default: no Databricks", "",
       text(c.job_engines.databricks_host)},
      {"databricks-cluster", "the id of its cluster, or a new_cluster as JSON", "",
       text(c.job_engines.databricks_cluster)},
      {"databricks-script", "run_slice.py as the workspace finds it: dbfs:/…, /Workspace/…", "",
       text(c.job_engines.databricks_script)},
      {"databricks-results", "where Databricks leaves results: s3://BUCKET[/PREFIX] or azure://CONTAINER[/PREFIX]", "",
       results_address(c.job_engines.databricks_results)},
      {"kafka-brokers", "tell of uploads and downloads in Kafka: HOST:PORT, with commas between; default: no Kafka", "",
       text(c.events.kafka_brokers)},
      {"kafka-topic", "the topic of these events, made with three partitions where it is missing", c.events.kafka_topic,
       [&c](const std::string& value) { return set_topic(c.events.kafka_topic, value); }},
      {.name = "kafka-set",
       .help = "a setting of librdkafka that says how to reach the brokers: security.protocol=SASL_SSL; again and "
               "again, or with ; between. Secrets: LAKELIFT_KAFKA_SASL_PASSWORD, "
               "LAKELIFT_KAFKA_OAUTH_SECRET, LAKELIFT_KAFKA_SSL_KEY_PASSWORD",
       .default_text = "",
       .set = [&c](const std::string& value) { return set_kafka_settings(c.events, value); },
       .shown = show_kafka_settings,
       .is_by_engine = true},
      {"kafka-windows-topic", "a topic of windows that a streaming job made of the events, to show beside ours", "",
       [&c](const std::string& value) { return set_topic(c.events.kafka_windows_topic, value); }},
      {"columnar-program", "the worker program; default: lakelift-columnar beside this one", "",
       text(c.columnar_program)},
  };
}

std::string environment_name(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](char ch) { return ch == '-' ? '_' : static_cast<char>(std::toupper(ch)); });
  return "LAKELIFT_" + name;
}

std::string shown(const Setting& setting, const std::string& value) {
  return setting.shown == nullptr ? value : setting.shown(value);
}

std::unexpected<Error> refuse(const Setting& setting, const std::string& value, const std::string& origin,
                              const Error& why) {
  const std::string message =
      fmt::format("{} is '{}' ({}): {}", setting.name, shown(setting, value), origin, why.message);
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", message, {{setting.name, {why.message}}});
}

Result<void> refuse_both(const std::vector<ResolvedSetting>& settings, std::string_view one, std::string_view other) {
  const auto is_given = [&](std::string_view name) {
    return std::ranges::any_of(settings, [&](const auto& s) { return s.name == name && s.origin != "default"; });
  };
  if (!is_given(one) || !is_given(other)) return {};
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
              fmt::format("{} and {} are both given: leave one out", one, other),
              {{std::string(other), {"leave this or the other out"}}});
}

// `[price]` with `athena = "5.00/TB"` as the text of the flag.
Result<std::string> text_of_table(const std::string& path, const std::string& name, const toml::table& table,
                                  const std::vector<Setting>& known) {
  const bool is_by_engine =
      std::ranges::any_of(known, [&](const Setting& s) { return s.name == name && s.is_by_engine; });
  std::string out;
  for (const auto& [key, node] : table) {
    const auto text = node.value_exact<std::string>();
    const auto number = node.value_exact<std::int64_t>();
    if (!is_by_engine || (!text && !number)) {
      return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
                  fmt::format("{}: {}.{} is neither a text nor a whole number", path, name, key.str()),
                  {{name, {"a text or a whole number is expected"}}});
    }
    out += fmt::format("{}{}={}", out.empty() ? "" : ";", key.str(), text ? *text : fmt::to_string(*number));
  }
  return out;
}

Result<std::map<std::string, std::string>> read_file_settings(const std::string& path,
                                                              const std::vector<Setting>& known) {
  std::map<std::string, std::string> out;
  if (path.empty()) return out;
  try {
    const toml::table table = toml::parse_file(path);
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (name == "oidc") continue;  // issuer_config.h
      if (std::ranges::none_of(known, [&](const Setting& s) { return s.name == name; })) {
        return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
                    fmt::format("{}: there is no setting '{}'; `lakelift serve --help` lists them", path, name),
                    {{name, {"there is no such setting"}}});
      }
      if (const auto* by_engine_table = node.as_table()) {
        TRY(out[name], text_of_table(path, name, *by_engine_table, known));
      } else if (auto s = node.value_exact<std::string>()) {
        out[name] = *s;
      } else if (auto i = node.value_exact<std::int64_t>()) {
        out[name] = fmt::to_string(*i);
      } else if (auto b = node.value_exact<bool>()) {
        out[name] = *b ? "true" : "false";
      } else {
        return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
                    fmt::format("{}: {} is neither a text nor a whole number nor true or false", path, name),
                    {{name, {"a text or a whole number is expected"}}});
      }
    }
  } catch (const toml::parse_error& e) {
    return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
                fmt::format("{} is not TOML: {} (line {})", path, e.description(), e.source().begin.line),
                {{"config", {std::string(e.description())}}});
  }
  return out;
}

}  // namespace

std::string_view process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string_view() : value;
}

Result<LoadedConfig> load_config(const std::vector<std::string>& arguments, Environment environment) {
  LoadedConfig loaded;
  GoogleSettings google;
  auto settings = settings_of(loaded.config, google);

  CLI::App parser("Serves the whole product from one folder", "lakelift serve");
  std::map<std::string, std::string> flags;
  for (const auto& setting : settings) {
    const std::string note = setting.default_text.empty() ? "" : fmt::format(" (default {})", setting.default_text);
    const std::string help = fmt::format("{}{} [{}]", setting.help, note, environment_name(setting.name));
    if (setting.is_switch) {
      parser.add_flag("--" + setting.name + "{true}", flags[setting.name], help);
    } else {
      auto* const option = parser.add_option("--" + setting.name, flags[setting.name], help);
      if (setting.is_by_engine) option->join(';');
      if (setting.is_list) option->join(',');
    }
  }
  std::string file;
  parser.add_option("--config", file, "a TOML file of these settings [LAKELIFT_CONFIG]");
  parser.add_flag("--show-config", loaded.show_only, "print each setting and where it came from, then end");
  parser.footer(
      "Examples:\n  lakelift serve --data ./data --port 3000\n  lakelift serve --config lakelift.toml --show-config");
  try {
    parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    std::cout << parser.help();
    loaded.help_shown = true;
    return loaded;
  } catch (const CLI::ParseError& e) {
    return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", e.what());
  }
  if (file.empty()) file = environment("LAKELIFT_CONFIG");
  TRY(const auto from_file, read_file_settings(file, settings));

  for (auto& setting : settings) {
    const std::string variable = environment_name(setting.name);
    std::string value = setting.default_text;
    std::string origin = "default";
    if (parser.count("--" + setting.name) > 0) {
      value = flags[setting.name];
      origin = "flag";
    } else if (const auto from_environment = environment(variable); !from_environment.empty()) {
      value = from_environment;
      origin = "environment " + variable;
    } else if (setting.name == "port" && !environment("PORT").empty()) {
      value = environment("PORT");  // what the existing start scripts set
      origin = "environment PORT";
    } else if (const auto found = from_file.find(setting.name); found != from_file.end()) {
      value = found->second;
      origin = "file " + file;
    }
    if (origin != "default") {
      if (auto set = setting.set(value); !set) return refuse(setting, value, origin, set.error());
    }
    loaded.settings.push_back({setting.name, shown(setting, value), origin});
  }
  TRY(loaded.config.issuers, read_issuers(file, environment));
  TRY_VOID(add_google(loaded.config.issuers, google));
  for (const auto& issuer : loaded.config.issuers) {
    loaded.settings.push_back(
        {"oidc." + issuer.name, shown(issuer), issuer.name == "google" ? "settings" : "file " + file});
  }
  TRY_VOID(refuse_both(loaded.settings, "database", "database-file"));
  TRY_VOID(check_events(loaded.config.events));
  if (loaded.config.liftbit_open_anywhere && !loaded.config.liftbit_open) {
    return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
                "liftbit-open-anywhere says where liftbit-open may be: give liftbit-open too, or leave it out",
                {{"liftbit-open-anywhere", {"liftbit-open is not given"}}});
  }
  return loaded;
}

}  // namespace lakelift::app
