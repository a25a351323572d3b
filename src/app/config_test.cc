#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

namespace lakelift::app {
namespace {

std::map<std::string, std::string> g_environment;

std::string_view fake_environment(const std::string& name) {
  const auto found = g_environment.find(name);
  return found == g_environment.end() ? std::string_view() : found->second;
}

std::string origin_of(const LoadedConfig& loaded, const std::string& name) {
  for (const auto& s : loaded.settings) {
    if (s.name == name) return s.origin;
  }
  return "no such setting";
}

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override { g_environment.clear(); }
  static std::string write_toml(const std::string& content) {
    const std::string path = testing::TempDir() + "lakelift-config-" + std::to_string(::getpid()) + ".toml";
    std::ofstream(path) << content;
    return path;
  }
};

TEST_F(ConfigTest, DefaultsServeLoopbackOn3000) {
  const auto loaded = load_config({}, fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.port, 3000);
  EXPECT_EQ(loaded->config.listen, "127.0.0.1");
  EXPECT_EQ(origin_of(*loaded, "port"), "default");
}

TEST_F(ConfigTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string file = write_toml("port = 1\nuri-wait-ms = 5000\ndrain-ms = 7\n");
  g_environment = {{"LAKELIFT_PORT", "2"}, {"LAKELIFT_URI_WAIT_MS", "6000"}};
  const auto loaded = load_config({"--config", file, "--port", "4"}, fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.port, 4);
  EXPECT_EQ(loaded->config.uri_wait_ms, 6000);
  EXPECT_EQ(loaded->config.drain_ms, 7);
  EXPECT_EQ(origin_of(*loaded, "port"), "flag");
  EXPECT_EQ(origin_of(*loaded, "uri-wait-ms"), "environment LAKELIFT_URI_WAIT_MS");
  EXPECT_EQ(origin_of(*loaded, "drain-ms"), "file " + file);
}

TEST_F(ConfigTest, EnginesThatRunOurScript) {
  const auto loaded = load_config({"--spark-submit", "spark-submit", "--spark-conf", "spark.a=1  spark.jars=x,y",
                                   "--spark-view", "a=/lake/a,b=s3a://lake/b=1", "--spark-results", "s3://bucket/x"},
                                  fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto& engines = loaded->config.job_engines;
  EXPECT_EQ(engines.spark_conf, (std::vector<std::string>{"spark.a=1", "spark.jars=x,y"}));
  EXPECT_EQ(engines.spark_views, (std::map<std::string, std::string>{{"a", "/lake/a"}, {"b", "s3a://lake/b=1"}}));
  const auto refused = [](const std::string& name, const std::string& value) {
    const auto wrong = load_config({"--" + name, value}, fake_environment);
    return !wrong && wrong.error().fields.at(0).field == name;
  };
  EXPECT_TRUE(refused("spark-results", "results"));
  EXPECT_TRUE(refused("databricks-results", "abfss://x@y/z"));
  EXPECT_TRUE(refused("spark-view", "a"));
  EXPECT_TRUE(refused("spark-conf", "spark.hadoop.fs.s3a.secret.key=x"));
  EXPECT_TRUE(refused("spark-conf", "spark.submit.deployMode=cluster"));
  EXPECT_TRUE(refused("spark-jobs", "0"));
}

TEST_F(ConfigTest, KafkaAsItsClientsKnowIt) {
  const auto loaded = load_config({"--kafka-brokers", "a:9092,b:9092", "--kafka-set", "security.protocol=SASL_SSL",
                                   "--kafka-set", "sasl.mechanisms=PLAIN", "--kafka-windows-topic", "download-windows"},
                                  fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  const EventsConfig& events = loaded->config.events;
  EXPECT_EQ(events.kafka_brokers, "a:9092,b:9092");
  EXPECT_EQ(events.kafka_topic, "file-events");
  EXPECT_EQ(events.kafka_windows_topic, "download-windows");
  using Settings = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(events.kafka_settings, (Settings{{"security.protocol", "SASL_SSL"}, {"sasl.mechanisms", "PLAIN"}}));
  const std::string file = write_toml("kafka-brokers = 'a:9092'\n[kafka-set]\n'ssl.ca.location' = '/etc/ca.pem'\n");
  const auto from_file = load_config({"--config", file}, fake_environment);
  ASSERT_TRUE(from_file) << from_file.error().message;
  EXPECT_EQ(from_file->config.events.kafka_settings, (Settings{{"ssl.ca.location", "/etc/ca.pem"}}));
}

TEST_F(ConfigTest, ASecretOfKafkaThatWasGivenInTheWrongPlaceIsNotShown) {
  const auto wrong = load_config({"--kafka-brokers", "a:9092", "--kafka-set", "client.id=x", "--kafka-set",
                                  "sasl.password=hush", "--kafka-set", "sasl.username=lakelift"},
                                 fake_environment);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().fields.at(0).field, "kafka-set");
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("LAKELIFT_KAFKA_SASL_PASSWORD"));
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("client.id=x"));
  EXPECT_THAT(wrong.error().message, testing::Not(testing::HasSubstr("hush")));
}

TEST_F(ConfigTest, KafkaIsNotToldWhatIsOursToSay) {
  const auto refused = [](const std::string& name, const std::string& value) {
    const auto wrong = load_config({"--kafka-brokers", "a:9092", "--" + name, value}, fake_environment);
    return !wrong && wrong.error().fields.at(0).field == name;
  };
  EXPECT_TRUE(refused("kafka-set", "acks=1"));
  EXPECT_TRUE(refused("kafka-topic", "file events"));
  EXPECT_TRUE(refused("kafka-windows-topic", ""));
  const auto alone = load_config({"--kafka-windows-topic", "x"}, fake_environment);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().fields.at(0).field, "kafka-brokers");
}

TEST_F(ConfigTest, PortOfTheSeedsIsTakenWhereOursIsNotSet) {
  g_environment = {{"PORT", "8889"}};
  EXPECT_EQ(load_config({}, fake_environment)->config.port, 8889);
  g_environment = {{"PORT", "8889"}, {"LAKELIFT_PORT", "8890"}};
  EXPECT_EQ(load_config({}, fake_environment)->config.port, 8890);
}

TEST_F(ConfigTest, PricesByRepeatedFlagsEnvironmentOrATableOfTheFile) {
  using executors::ExecutorType;
  const auto price = [](const LoadedConfig& loaded, ExecutorType engine) {
    const auto found = loaded.config.slices.prices.engines.find(engine);
    return found == loaded.config.slices.prices.engines.end() ? slices::EnginePrice{} : found->second;
  };
  const auto flags =
      load_config({"--price", "athena=5.00/TB,min=10MB", "--price", "spark=2.40/hour"}, fake_environment);
  ASSERT_TRUE(flags) << flags.error().message;
  EXPECT_EQ(price(*flags, ExecutorType::kAthena).minimum_scanned_bytes, 10'000'000);
  EXPECT_EQ(price(*flags, ExecutorType::kSpark).per_hour_micros, 2'400'000);

  const std::string file =
      write_toml("currency = 'EUR'\n[price]\nathena = '6/TB'\nlocal = 0\n[engine-runs]\nathena = 2\n");
  const auto from_file = load_config({"--config", file}, fake_environment);
  ASSERT_TRUE(from_file) << from_file.error().message;
  EXPECT_EQ(price(*from_file, ExecutorType::kAthena).per_tb_micros, 6'000'000);
  EXPECT_EQ(from_file->config.slices.prices.currency, "EUR");
  EXPECT_EQ(from_file->config.slices.limits_of(ExecutorType::kAthena).runs_at_once, 2U);
  EXPECT_EQ(origin_of(*from_file, "price"), "file " + file);

  g_environment = {{"LAKELIFT_PRICE", "athena=7/TB;local=1/hour"}};
  const auto from_environment = load_config({"--config", file}, fake_environment);
  ASSERT_TRUE(from_environment);
  EXPECT_EQ(price(*from_environment, ExecutorType::kAthena).per_tb_micros, 7'000'000);
  EXPECT_EQ(price(*from_environment, ExecutorType::kLocal).per_hour_micros, 1'000'000);

  const std::string wrong = write_toml("[price]\nathena = ['5/TB']\n");
  g_environment.clear();
  EXPECT_FALSE(load_config({"--config", wrong}, fake_environment));
  const std::string no_table = write_toml("[port]\nathena = '5/TB'\n");
  EXPECT_FALSE(load_config({"--config", no_table}, fake_environment));
}

TEST_F(ConfigTest, WrongValuesStopTheStartByName) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--port", "65536"}, "port"},
      {{"--port", "http"}, "port"},
      {{"--port", "-1"}, "port"},
      {{"--log-format", "xml"}, "log-format"},
      {{"--uri-wait-ms", "1"}, "uri-wait-ms"},
      {{"--worker-memory-mib", "1"}, "worker-memory-mib"},
      {{"--quota-bytes", "-1"}, "quota-bytes"},
      {{"--quota-bytes", "1GB"}, "quota-bytes"},
      {{"--quota-files", "many"}, "quota-files"},
      {{"--trash-days", "3651"}, "trash-days"},
      {{"--price", "athena=5"}, "price"},
      {{"--price", "presto=5/TB"}, "price"},
      {{"--currency", "dollars"}, "currency"},
      {{"--engine-runs", "athena=0"}, "engine-runs"},
      {{"--run-deadline-seconds", "athena=soon"}, "run-deadline-seconds"},
      {{"--run-most-bytes", "athena=all"}, "run-most-bytes"},
      {{"--run-most-money", "athena=-1"}, "run-most-money"},
  };
  for (const auto& [arguments, name] : cases) {
    const auto loaded = load_config(arguments, fake_environment);
    ASSERT_FALSE(loaded) << name;
    EXPECT_EQ(loaded.error().code, Code::kInvalid);
    ASSERT_FALSE(loaded.error().fields.empty());
    EXPECT_EQ(loaded.error().fields.front().field, name);
    EXPECT_NE(loaded.error().message.find("flag"), std::string::npos);
  }
}

TEST_F(ConfigTest, WindowsDivideADay) {
  EXPECT_EQ(load_config({}, fake_environment)->config.window_seconds, 300);
  for (const std::int64_t seconds : {10, 60, 3'600, 86'400}) {
    EXPECT_EQ(load_config({"--window-seconds", std::to_string(seconds)}, fake_environment)->config.window_seconds,
              seconds);
  }
  for (const char* wrong : {"0", "9", "7", "700", "86401", "172800", "-300", "soon"}) {
    const auto loaded = load_config({"--window-seconds", wrong}, fake_environment);
    ASSERT_FALSE(loaded) << wrong;
    EXPECT_EQ(loaded.error().fields.at(0).field, "window-seconds") << wrong;
  }
}

TEST_F(ConfigTest, UnknownKeysAndBrokenFilesAreRefused) {
  EXPECT_NE(load_config({"--config", write_toml("prot = 1\n")}, fake_environment).error().message.find("prot"),
            std::string::npos);
  EXPECT_FALSE(load_config({"--config", write_toml("port = \n")}, fake_environment));
  EXPECT_FALSE(load_config({"--config", write_toml("port = 1.5\n")}, fake_environment));
  EXPECT_FALSE(load_config({"--no-such-flag"}, fake_environment));
}

TEST_F(ConfigTest, ListsAreSplitAtCommas) {
  const auto loaded = load_config({"--trusted-proxies", "127.0.0.1,::1"}, fake_environment);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.trusted_proxies, (std::vector<std::string>{"127.0.0.1", "::1"}));
}

TEST_F(ConfigTest, TheDatabasesPasswordIsNotShown) {
  const std::string address = "postgresql://ada:secret@127.0.0.1:5432/lake";
  g_environment = {{"LAKELIFT_DATABASE", address}};
  const auto loaded = load_config({}, fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.database, address);
  for (const auto& s : loaded->settings) EXPECT_EQ(s.value.find("secret"), std::string::npos) << s.name;

  const auto wrong = load_config({"--database", "postgres:/ada:secret@127.0.0.1/lake"}, fake_environment);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().fields.front().field, "database");
  EXPECT_EQ(wrong.error().message.find("secret"), std::string::npos) << wrong.error().message;
}

TEST_F(ConfigTest, TheDatabaseMayStandInAFile) {
  const std::string path = testing::TempDir() + "lakelift-database-" + std::to_string(::getpid());
  std::ofstream(path) << "postgresql://ada:secret@127.0.0.1:5432/lake \n";
  const auto loaded = load_config({"--database-file", path}, fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.database, "postgresql://ada:secret@127.0.0.1:5432/lake");
  EXPECT_FALSE(load_config({"--database-file", path + "-none"}, fake_environment));
  g_environment = {{"LAKELIFT_DATABASE", "postgresql://127.0.0.1/other"}, {"LAKELIFT_DATABASE_FILE", path}};
  EXPECT_EQ(load_config({}, fake_environment).error().fields.front().field, "database-file");
}

TEST_F(ConfigTest, ASwitchNeedsNoValue) {
  EXPECT_FALSE(load_config({}, fake_environment)->config.dev_login);
  EXPECT_TRUE(load_config({"--dev-login"}, fake_environment)->config.dev_login);
  EXPECT_TRUE(load_config({"--config", write_toml("dev-login = true\n")}, fake_environment)->config.dev_login);
  g_environment = {{"LAKELIFT_DEV_LOGIN", "true"}};
  EXPECT_TRUE(load_config({}, fake_environment)->config.dev_login);
  g_environment = {{"LAKELIFT_DEV_LOGIN", "maybe"}};
  EXPECT_FALSE(load_config({}, fake_environment));
}

TEST_F(ConfigTest, FilesHaveQuotasAndATrash) {
  const auto plain = load_config({}, fake_environment);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->config.quota_bytes, 100LL << 30);
  EXPECT_EQ(plain->config.quota_files, 1'000'000);
  EXPECT_EQ(plain->config.trash_days, 30);
  const auto given = load_config({"--quota-bytes", "5", "--quota-files", "0", "--trash-days", "0"}, fake_environment);
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->config.quota_bytes, 5);
  EXPECT_EQ(given->config.quota_files, 0);
  EXPECT_EQ(given->config.trash_days, 0);
}

TEST_F(ConfigTest, LiftbitOpenIsASwitchAndAnywhereNeedsIt) {
  EXPECT_FALSE(load_config({}, fake_environment)->config.liftbit_open);
  EXPECT_TRUE(load_config({"--liftbit-open"}, fake_environment)->config.liftbit_open);
  const auto anywhere = load_config({"--liftbit-open", "--liftbit-open-anywhere"}, fake_environment);
  ASSERT_TRUE(anywhere) << anywhere.error().message;
  EXPECT_TRUE(anywhere->config.liftbit_open_anywhere);
  const auto alone = load_config({"--liftbit-open-anywhere"}, fake_environment);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().fields.at(0).field, "liftbit-open-anywhere");
  g_environment = {{"LAKELIFT_LIFTBIT_OPEN", "yes"}};
  const auto wrong = load_config({}, fake_environment);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().fields.at(0).field, "liftbit-open");
}

TEST_F(ConfigTest, SecretsAreNotShown) {
  const auto loaded = load_config(
      {"--google-client-id", "id", "--google-client-secret", "hunter2", "--allowed-domains", "example.com,example.org"},
      fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->config.issuers.size(), 1U);
  EXPECT_EQ(loaded->config.issuers[0].client_secret, "hunter2");
  EXPECT_EQ(loaded->config.issuers[0].allowed_domains.size(), 2U);
  for (const auto& setting : loaded->settings)
    EXPECT_EQ(setting.value.find("hunter2"), std::string::npos) << setting.name;
  EXPECT_EQ(origin_of(*loaded, "google-client-secret"), "flag");
}

TEST_F(ConfigTest, IssuersComeFromTheFile) {
  const std::string file =
      write_toml("port = 1\n[[oidc]]\nname = \"work\"\nissuer = \"https://a.example\"\nclient-id = \"x\"\n");
  const auto loaded = load_config({"--config", file}, fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.issuers.at(0).issuer, "https://a.example");
  EXPECT_EQ(origin_of(*loaded, "oidc.work"), "file " + file);
  const auto wrong = load_config({"--config", write_toml("[[oidc]]\nname = \"work\"\n")}, fake_environment);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().fields.at(0).field, "oidc.work.issuer");
}

TEST_F(ConfigTest, StoragesAreNamedByTheirAddresses) {
  const auto loaded =
      load_config({"--storage", "s3://bucket/a/b,disk,azure://container", "--s3-addressing", "path"}, fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.storage.addresses,
            (std::vector<std::string>{"s3://bucket/a/b", "disk", "azure://container"}));
  EXPECT_EQ(loaded->config.storage.s3_addressing, "path");
  EXPECT_EQ(load_config({}, fake_environment)->config.storage.addresses, std::vector<std::string>{"disk"});
}

TEST_F(ConfigTest, AStorageThatMakesNoSenseIsRefused) {
  for (const std::string bad : {",", "s3://", "s3://a//b", "s3://a/", "s3:///a", "s3://a b", "s3://a?b", "gs://a",
                                "/var/data", "disk/", "disk,disk", "s3://u:p@a"}) {
    const auto refused = load_config({"--storage=" + bad}, fake_environment);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().fields.front().field, "storage") << bad;
  }
  EXPECT_FALSE(load_config({"--s3-addressing", "best"}, fake_environment));
  EXPECT_FALSE(load_config({"--direct-download-seconds", "0"}, fake_environment));
  EXPECT_FALSE(load_config({"--direct-download-seconds", "3601"}, fake_environment));
}

TEST_F(ConfigTest, AthenaIsOfferedWhereItsResultsHaveAPlace) {
  EXPECT_EQ(load_config({}, fake_environment)->config.athena.output, "");
  const auto loaded = load_config(
      {"--athena-output", "s3://lake/results", "--athena-region", "eu-central-1", "--athena-workgroup", "research"},
      fake_environment);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.athena.output, "s3://lake/results");
  EXPECT_EQ(loaded->config.athena.region, "eu-central-1");
  EXPECT_EQ(loaded->config.athena.workgroup, "research");
  EXPECT_EQ(loaded->config.athena.catalog, "AwsDataCatalog");
  for (const std::string bad :
       {"lake", "s3://", "s3://lake/", "s3://lake//x", "azure://lake", "s3://u:p@lake", "s3://a'b"}) {
    const auto refused = load_config({"--athena-output=" + bad}, fake_environment);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().fields.front().field, "athena-output") << bad;
  }
  EXPECT_FALSE(load_config({"--athena-region="}, fake_environment));
  EXPECT_FALSE(load_config({"--athena-workgroup", "a b"}, fake_environment));
}

}  // namespace
}  // namespace lakelift::app
