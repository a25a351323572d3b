// The store that the environment names (README.md), for tests.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backends/net/curl/curl_transport.h"
#include "backends/storage/azure/azure_client.h"
#include "backends/storage/cloud/cloud_store.h"
#include "backends/storage/s3/s3_client.h"
#include "backends/storage/testing/store_under_test.h"
#include "backends/storage/testing/temporary_root.h"

namespace lakelift::storage {

// How a client differs from what the environment says.
struct LiveChange {
  std::optional<std::string> secret;  // another one: S3's, or Azure's key
  std::optional<std::string> bucket;
  std::optional<std::string> endpoint;
};

// What a client stands on, connections of its own among it. Not to be moved.
class LiveClient {
 public:
  // `clock`: what calls are signed with. Null where it could not be made, which is a failure of the test.
  static std::unique_ptr<LiveClient> make(const std::string& prefix, const Clock& clock, const LiveChange& change = {});

  // Once: the client, which this outlives.
  [[nodiscard]] std::unique_ptr<BlobClient> take() { return std::move(client_); }
  [[nodiscard]] BlobClient& client() { return *client_; }
  [[nodiscard]] net::Transport& transport() { return *transport_; }

 private:
  Result<std::unique_ptr<BlobClient>> s3(const std::string& prefix, const Clock& clock, const LiveChange& change);
  Result<std::unique_ptr<BlobClient>> azure(const std::string& prefix, const Clock& clock, const LiveChange& change);

  SystemRandom random_;
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<aws::CredentialsSource> credentials_;
  std::unique_ptr<BlobClient> client_;
};

// A store under a prefix of its own.
class LiveUnderTest final : public testing::StoreUnderTest {
 public:
  explicit LiveUnderTest(CloudStoreOptions options = {});
  ~LiveUnderTest() override;

  ObjectStore& store() override { return *store_; }
  // Connections would be the parent's too.
  [[nodiscard]] bool works_in_a_child() const override { return false; }
  [[nodiscard]] bool is_whole() const { return store_ != nullptr; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  // A second client of the same objects.
  [[nodiscard]] BlobClient& client() { return look_->client(); }
  [[nodiscard]] net::Transport& transport() { return look_->transport(); }

 private:
  SystemClock clock_;
  SystemRandom random_;
  std::string prefix_;
  testing::TemporaryRoot root_;
  std::unique_ptr<LiveClient> look_;
  std::unique_ptr<LiveClient> parts_;
  std::unique_ptr<ObjectStore> store_;
};

// Empty: not set.
[[nodiscard]] std::string from_environment(const std::string& name);

}  // namespace lakelift::storage
