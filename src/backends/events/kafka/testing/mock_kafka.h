// A Kafka in the process, for tests: librdkafka's own, spoken to over sockets.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lakelift::events::testing {

inline constexpr std::int16_t kProduceApi = 0;
inline constexpr std::int16_t kFetchApi = 1;
inline constexpr std::int16_t kMetadataApi = 3;

struct Message {
  int partition = 0;
  std::int64_t offset = 0;
  std::string key;
  std::string value;
  std::map<std::string, std::string> headers;
};

class MockKafka {
 public:
  explicit MockKafka(int brokers = 1) : handle_(make(RD_KAFKA_PRODUCER, "")) {
    cluster_ = rd_kafka_mock_cluster_new(handle_, brokers);
    addresses_ = rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  ~MockKafka() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  [[nodiscard]] const std::string& brokers() const { return addresses_; }
  void make_topic(const std::string& topic, int partitions = 3) {
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void set_down(bool is_down, int broker = 1) {
    is_down ? rd_kafka_mock_broker_set_down(cluster_, broker) : rd_kafka_mock_broker_set_up(cluster_, broker);
  }
  void set_delay(int ms, int broker = 1) { rd_kafka_mock_broker_set_rtt(cluster_, broker, ms); }
  // Without a leader nobody takes what is for it.
  void set_leader(const std::string& topic, int partition, bool has_one) {
    EXPECT_EQ(rd_kafka_mock_partition_set_leader(cluster_, topic.c_str(), partition, has_one ? 1 : -1),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  // The next calls of this kind fail so.
  void fail_next(std::int16_t api, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, api, errors.size(), errors.data());
  }
  void write(const std::string& topic, int partition, std::string_view value) {
    rd_kafka_t* const producer = make(RD_KAFKA_PRODUCER, addresses_);
    EXPECT_EQ(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(rd_kafka_flush(producer, 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(producer);
  }
  // All that the topic has, partition by partition, in order.
  [[nodiscard]] std::vector<Message> read(const std::string& topic, int partitions = 3) const {
    rd_kafka_t* const consumer = make(RD_KAFKA_CONSUMER, addresses_);
    rd_kafka_poll_set_consumer(consumer);
    std::vector<Message> out;
    for (int partition = 0; partition < partitions; ++partition) read_partition(consumer, topic, partition, out);
    rd_kafka_destroy(consumer);
    return out;
  }

 private:
  static rd_kafka_t* make(rd_kafka_type_t type, const std::string& brokers) {
    rd_kafka_conf_t* const configuration = rd_kafka_conf_new();
    rd_kafka_conf_set(configuration, "bootstrap.servers", brokers.empty() ? "127.0.0.1:1" : brokers.c_str(), nullptr,
                      0);
    rd_kafka_conf_set(configuration, "log_level", "0", nullptr, 0);
    if (type == RD_KAFKA_CONSUMER) {
      rd_kafka_conf_set(configuration, "group.id", "tests", nullptr, 0);
      rd_kafka_conf_set(configuration, "enable.auto.commit", "false", nullptr, 0);
      rd_kafka_conf_set(configuration, "enable.partition.eof", "true", nullptr, 0);
      rd_kafka_conf_set(configuration, "fetch.wait.max.ms", "10", nullptr, 0);
    }
    rd_kafka_t* const handle = rd_kafka_new(type, configuration, nullptr, 0);
    EXPECT_NE(handle, nullptr);
    return handle;
  }

  static void read_partition(rd_kafka_t* consumer, const std::string& topic, int partition, std::vector<Message>& out) {
    rd_kafka_topic_partition_list_t* const from = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(from, topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    EXPECT_EQ(rd_kafka_assign(consumer, from), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(from);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    bool at_end = false;
    while (!at_end && std::chrono::steady_clock::now() < end) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer, 100);
      if (message == nullptr) continue;
      at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) out.push_back(of(*message));
      rd_kafka_message_destroy(message);
    }
    EXPECT_TRUE(at_end) << "partition " << partition << " could not be read";
  }

  static Message of(const rd_kafka_message_t& message) {
    Message out{message.partition,
                message.offset,
                {static_cast<const char*>(message.key), message.key_len},
                {static_cast<const char*>(message.payload), message.len},
                {}};
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      out.headers[name] = {static_cast<const char*>(value), size};
    }
    return out;
  }

  rd_kafka_t* const handle_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::string addresses_;
};

}  // namespace lakelift::events::testing
