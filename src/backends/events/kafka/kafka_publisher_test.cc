#include "backends/events/kafka/kafka_publisher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "backends/events/kafka/testing/mock_kafka.h"

namespace lakelift::events {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Message;
using testing::MockKafka;
using ::testing::SizeIs;

Event event_of(int number, const std::string& key = "") {
  Event event;
  event.seq = number;
  event.id = fmt::format("019abcde-0000-7000-8000-{:012}", number);
  event.key = key.empty() ? fmt::format("alice/{}.csv", number % 20) : key;
  event.value = fmt::format(R"({{"number":{}}})", number);
  event.traceparent = fmt::format("00-{:032x}-{:016x}-01", number + 1, number + 1);
  return event;
}

std::vector<Event> events(int from, int count) {
  std::vector<Event> out;
  for (int i = from; i < from + count; ++i) out.push_back(event_of(i));
  return out;
}

class KafkaPublisherTest : public ::testing::Test {
 protected:
  KafkaPublisherTest() { kafka_.make_topic("file-events"); }
  std::unique_ptr<Publisher> publisher(std::int64_t stall_ms = 4'000) {
    KafkaOptions options;
    options.brokers = kafka_.brokers();
    options.stall_ms = stall_ms;
    auto made = make_kafka_publisher(options);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : nullptr;
  }
  // Publishes, again and again, until all of it is acknowledged; as the relay does, with what is not settled.
  static void send_whole(Publisher& kafka, const std::vector<Event>& batch) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::size_t sent = 0;
    while (sent < batch.size() && std::chrono::steady_clock::now() < end) {
      const auto published = kafka.publish({batch.begin() + static_cast<std::ptrdiff_t>(sent), batch.end()}, {});
      if (published) sent += published->acknowledged;
    }
    ASSERT_EQ(sent, batch.size());
  }
  // Ids of each key as they are seen first.
  static std::map<std::string, std::vector<std::string>> first_sights(const std::vector<Message>& messages) {
    std::map<std::string, std::vector<std::string>> out;
    std::set<std::string> seen;
    for (const Message& message : messages) {
      const std::string& id = message.headers.at("event_id");
      if (seen.insert(id).second) out[message.key].push_back(id);
    }
    return out;
  }
  static std::map<std::string, std::vector<std::string>> ids_of(const std::vector<Event>& batch) {
    std::map<std::string, std::vector<std::string>> out;
    for (const Event& event : batch) out[event.key].push_back(event.id);
    return out;
  }

  MockKafka kafka_;
};

TEST_F(KafkaPublisherTest, AnEventIsAMessageWithItsKeyAndHeaders) {
  const auto kafka = publisher();
  const Event event = event_of(7);
  const auto published = kafka->publish({event}, {});
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->acknowledged, 1U);
  const auto messages = kafka_.read("file-events");
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].key, event.key);
  EXPECT_EQ(messages[0].value, event.value);
  EXPECT_EQ(messages[0].headers,
            (std::map<std::string, std::string>{{"event_id", event.id}, {"traceparent", event.traceparent}}));
}

TEST_F(KafkaPublisherTest, ABatchIsThereOnceInTheOrderOfEachKey) {
  const auto kafka = publisher();
  const auto batch = events(0, 1'000);
  const auto published = kafka->publish(batch, {});
  ASSERT_TRUE(published);
  EXPECT_EQ(published->acknowledged, batch.size());
  EXPECT_THAT(published->refused, IsEmpty());
  const auto messages = kafka_.read("file-events");
  EXPECT_THAT(messages, SizeIs(batch.size()));
  EXPECT_EQ(first_sights(messages), ids_of(batch));
  std::set<int> partitions;
  for (const Message& message : messages) partitions.insert(message.partition);
  EXPECT_THAT(partitions, SizeIs(3));
}

TEST_F(KafkaPublisherTest, KeysGoWhereJavasProducersSendThem) {
  // Of Kafka's own tests (UtilsTest.testMurmur2).
  const auto kafka = publisher();
  ASSERT_TRUE(kafka->publish({event_of(1, "21"), event_of(2, "foobar"), event_of(3, "a-little-bit-long-string")}, {}));
  std::map<std::string, int> partitions;
  for (const Message& message : kafka_.read("file-events")) partitions[message.key] = message.partition;
  const auto java = [](std::int32_t murmur2) { return (murmur2 & 0x7fffffff) % 3; };
  EXPECT_EQ(partitions["21"], java(-973932308));
  EXPECT_EQ(partitions["foobar"], java(-790332482));
  EXPECT_EQ(partitions["a-little-bit-long-string"], java(-985981536));
}

TEST_F(KafkaPublisherTest, WhatIsTooLargeIsRefusedAndTheRestIsTaken) {
  const auto kafka = publisher();
  auto batch = events(0, 50);
  batch[20].value = std::string(1'100'000, 'x');
  const auto published = kafka->publish(batch, {});
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->acknowledged, batch.size());
  ASSERT_THAT(published->refused, SizeIs(1));
  EXPECT_EQ(published->refused[0].index, 20U);
  EXPECT_THAT(published->refused[0].reason, HasSubstr("too large"));
  batch.erase(batch.begin() + 20);
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(batch));
}

TEST_F(KafkaPublisherTest, AMessageSetThatTheBrokerRefusesIsSentMessageByMessage) {
  // One set of one partition; that it was too large is not said of any one message.
  kafka_.fail_next(testing::kProduceApi, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto kafka = publisher();
  const auto batch = events(0, 60);
  const auto published = kafka->publish(batch, {});
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->acknowledged, batch.size());
  EXPECT_THAT(published->refused, IsEmpty());
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(batch));
}

TEST_F(KafkaPublisherTest, WhatTheBrokerRefusesAloneIsRefused) {
  kafka_.fail_next(testing::kProduceApi, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const auto kafka = publisher();
  std::vector<Event> batch;
  for (int i = 0; i < 30; ++i) batch.push_back(event_of(i, "alice/one.csv"));
  const auto published = kafka->publish(batch, {});
  ASSERT_TRUE(published) << published.error().message;
  EXPECT_EQ(published->acknowledged, batch.size());
  ASSERT_THAT(published->refused, SizeIs(1));
  EXPECT_EQ(published->refused[0].index, 0U);
  batch.erase(batch.begin());
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(batch));
}

TEST_F(KafkaPublisherTest, WhatFailsForNoFaultOfTheMessageIsNotRefused) {
  kafka_.fail_next(testing::kProduceApi, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const auto kafka = publisher();
  const std::vector<Event> batch{event_of(1, "k"), event_of(2, "k")};
  const auto failed = kafka->publish(batch, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_THAT(failed.error().message, HasSubstr("uthorization"));
  const auto again = kafka->publish(batch, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->acknowledged, 2U);
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(batch));
}

TEST_F(KafkaPublisherTest, AProducerWhoseNumbersTheBrokerRefusesIsReplaced) {
  const auto kafka = publisher();
  ASSERT_TRUE(kafka->publish(events(0, 3), {}));
  kafka_.fail_next(testing::kProduceApi,
                   {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
                    RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH});
  send_whole(*kafka, events(3, 50));
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(events(0, 53)));
}

TEST_F(KafkaPublisherTest, ABrokerThatIsAwayIsSaidInTimeAndFoundAgain) {
  const auto kafka = publisher(500);
  send_whole(*kafka, events(0, 10));
  kafka_.set_down(true);
  const auto batch = events(10, 100);
  for (int i = 0; i < 3; ++i) {
    const auto failed = kafka->publish(batch, {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::kUnavailable);
  }
  kafka_.set_down(false);
  send_whole(*kafka, batch);
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(events(0, 110)));
}

TEST_F(KafkaPublisherTest, AnAnswerThatComesTooLateRepeatsButKeepsTheOrder) {
  const auto kafka = publisher(500);
  send_whole(*kafka, events(0, 1));
  kafka_.set_delay(30'000);  // long after we have given up
  const auto batch = events(1, 100);
  EXPECT_FALSE(kafka->publish(batch, {}));
  kafka_.set_delay(0);
  send_whole(*kafka, batch);
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(events(0, 101)));
}

// Partition 0 has no leader for a while; every second event is for it, the first one too.
class LeaderlessKafkaTest : public KafkaPublisherTest {
 protected:
  static constexpr int kAway = 0;
  static constexpr int kThere = 2;
  // By keys of Kafka's own tests, as above.
  static std::vector<Event> mixed(int from, int count) {
    std::vector<Event> out;
    for (int i = from; i < from + count; ++i)
      out.push_back(event_of(i, i % 2 == 0 ? "21" : "a-little-bit-long-string"));
    return out;
  }
  // How often each of those that were sent to a partition is there.
  std::map<std::string, int> copies(int partition) {
    std::map<std::string, int> out;
    for (const Message& message : kafka_.read("file-events")) {
      if (message.partition == partition) ++out[message.headers.at("event_id")];
    }
    return out;
  }
};

TEST_F(LeaderlessKafkaTest, TheOthersDoNotRepeatWhatTheyTook) {
  const auto kafka = publisher();
  kafka_.set_leader("file-events", kAway, false);
  for (const int count : {100, 100, 200}) {  // what comes meanwhile goes where it can
    const auto published = kafka->publish(mixed(0, count), {});
    ASSERT_FALSE(published) << "the first is not settled";
    EXPECT_EQ(published.error().code, Code::kUnavailable);
  }
  kafka_.set_leader("file-events", kAway, true);
  const auto batch = mixed(0, 200);
  send_whole(*kafka, batch);
  EXPECT_EQ(first_sights(kafka_.read("file-events")), ids_of(batch));
  const auto there = copies(kThere);
  EXPECT_THAT(there, SizeIs(100));
  for (const auto& [id, count] : there) EXPECT_EQ(count, 1) << id;
}

TEST_F(LeaderlessKafkaTest, WhatWasSettledWholeIsForgotten) {
  // The relay could not write that down, and sends the batch again.
  const auto kafka = publisher();
  const auto batch = mixed(0, 10);
  send_whole(*kafka, batch);
  const auto again = kafka->publish(batch, {});
  ASSERT_TRUE(again) << again.error().message;
  for (const auto& [id, count] : copies(kThere)) EXPECT_EQ(count, 2) << id;
}

TEST_F(KafkaPublisherTest, AStopEndsItSoon) {
  const auto kafka = publisher(60'000);
  ASSERT_TRUE(kafka->publish(events(0, 1), {}));
  kafka_.set_delay(20'000);
  std::stop_source stop;
  stop.request_stop();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(kafka->publish(events(1, 10), stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(KafkaSettingTest, WhatSaysHowToReachABrokerMayBeSet) {
  for (const std::string good :
       {"security.protocol=SASL_SSL", "sasl.mechanisms=PLAIN", "sasl.username=lakelift",
        "ssl.ca.location=/etc/ssl/ca.pem", "client.id=x", "compression.type=zstd", "debug=broker,topic"}) {
    const auto parsed = parse_kafka_setting(good);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->first + "=" + parsed->second, good);
  }
}

TEST(KafkaSettingTest, WhatOrderOrSafetyHangsOnMayNot) {
  for (const std::string bad :
       {"acks=1", "request.required.acks=0", "enable.idempotence=false", "message.timeout.ms=5", "partitioner=random",
        "retries=0", "max.in.flight=100", "delivery.timeout.ms=1", "transactional.id=x", "batch.size=1", "no.such=1",
        "bootstrap.servers=a:1", "plugin.library.paths=x", "ssl.engine.location=x", "security.protocol=NONE",
        "security.protocol", "=x", ""}) {
    const auto parsed = parse_kafka_setting(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
    EXPECT_EQ(parsed.error().fields.at(0).field, "kafka-set");
  }
}

TEST(KafkaSettingTest, SecretsComeFromTheEnvironment) {
  const std::map<std::string, std::string> variables{{"sasl.password", "LAKELIFT_KAFKA_SASL_PASSWORD"},
                                                     {"ssl.key.password", "LAKELIFT_KAFKA_SSL_KEY_PASSWORD"},
                                                     {"ssl.keystore.password", "LAKELIFT_KAFKA_SSL_KEY_PASSWORD"},
                                                     {"ssl.key.pem", "ssl.key.location"},
                                                     {"sasl.oauthbearer.client.secret", "LAKELIFT_KAFKA_OAUTH_SECRET"},
                                                     {"sasl.oauthbearer.config", "LAKELIFT_KAFKA_OAUTH_SECRET"}};
  for (const auto& [name, variable] : variables) {
    const auto parsed = parse_kafka_setting(name + "=hush");
    ASSERT_FALSE(parsed) << name;
    EXPECT_THAT(parsed.error().message, HasSubstr(variable)) << name;
    EXPECT_EQ(parsed.error().message.find("hush"), std::string::npos);
  }
}

TEST(KafkaSettingTest, NothingRunsAProgram) {
  for (const std::string bad : {"sasl.kerberos.kinit.cmd=kinit -R", "ssl.engine.id=x", "ssl.providers=x",
                                "sasl.kerberos.principal=a$(id)", "sasl.kerberos.keytab=/etc/a\"; id; \""}) {
    const auto parsed = parse_kafka_setting(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().fields.at(0).field, "kafka-set");
    KafkaOptions options;
    options.brokers = "127.0.0.1:1";
    const auto equals = bad.find('=');
    options.settings = {{bad.substr(0, equals), bad.substr(equals + 1)}};
    EXPECT_FALSE(make_kafka_publisher(options)) << bad;
  }
  EXPECT_TRUE(parse_kafka_setting("sasl.kerberos.principal=lakelift/host.example.com@EXAMPLE.COM"));
}

TEST(KafkaSettingTest, APublisherSaysWhichSettingIsWrong) {
  KafkaOptions options;
  EXPECT_EQ(make_kafka_publisher(options).error().fields.at(0).field, "kafka-brokers");
  options.brokers = "127.0.0.1:1";
  options.settings = {{"acks", "0"}};
  EXPECT_EQ(make_kafka_publisher(options).error().fields.at(0).field, "kafka-set");
  options.settings = {{"security.protocol", "SASL_SSL"}, {"sasl.mechanisms", "SCRAM-SHA-512"}};
  EXPECT_EQ(make_kafka_publisher(options).error().fields.at(0).field, "kafka-set") << "no user";
  options.settings.emplace_back("sasl.username", "lakelift");
  options.sasl_password = "hush";
  EXPECT_TRUE(make_kafka_publisher(options));
}

TEST(KafkaSettingTest, TheSecretOfOauthIsGiven) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  options.oauth_secret = "hush";
  if (!parse_kafka_setting("sasl.oauthbearer.method=oidc")) {  // built without it, as Debian's: then it is told
    const auto refused = make_kafka_publisher(options);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("sasl.oauthbearer.client.secret"));
    EXPECT_EQ(refused.error().message.find("hush"), std::string::npos);
    return;
  }
  options.settings = {{"security.protocol", "SASL_SSL"},
                      {"sasl.mechanisms", "OAUTHBEARER"},
                      {"sasl.oauthbearer.method", "oidc"},
                      {"sasl.oauthbearer.client.id", "lakelift"},
                      {"sasl.oauthbearer.token.endpoint.url", "https://127.0.0.1:1/token"}};
  const auto with = make_kafka_publisher(options);
  EXPECT_TRUE(with) << with.error().message;
  options.oauth_secret.clear();
  EXPECT_FALSE(make_kafka_publisher(options));
}

}  // namespace
}  // namespace lakelift::events
