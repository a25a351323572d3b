#include "backends/storage/live/test_live_store.h"

#include <stdlib.h>

namespace lakelift::storage {
namespace {

constexpr std::size_t kPage = 1'000;

void empty(BlobClient& client) {
  const auto unfinished = client.unfinished();
  if (unfinished) {
    for (const Unfinished& each : *unfinished) (void)client.abort_parts(each.key, each.upload);
  }
  for (int pages = 0; pages < 100; ++pages) {
    const auto page = client.list("", kPage);
    if (!page || page->blobs.empty()) return;
    std::vector<std::string> keys;
    for (const ListedBlob& blob : page->blobs) keys.push_back(blob.key);
    if (!client.remove_all(keys)) return;
  }
}

}  // namespace

std::string from_environment(const std::string& name) {
  const char* value = ::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::unique_ptr<LiveClient> LiveClient::make(const std::string& prefix, const Clock& clock, const LiveChange& change) {
  auto made = std::make_unique<LiveClient>();
  auto transport = net::make_curl_transport({});
  if (!transport) {
    ADD_FAILURE() << transport.error().message;
    return nullptr;
  }
  made->transport_ = *std::move(transport);
  auto client = from_environment("LAKELIFT_LIVE_KIND") == "azure" ? made->azure(prefix, clock, change)
                                                                  : made->s3(prefix, clock, change);
  if (!client) {
    ADD_FAILURE() << client.error().message;
    return nullptr;
  }
  made->client_ = *std::move(client);
  return made;
}

Result<std::unique_ptr<BlobClient>> LiveClient::s3(const std::string& prefix, const Clock& clock,
                                                   const LiveChange& change) {
  credentials_ = aws::fixed_credentials({.key_id = from_environment("S3_KEY_ID"),
                                         .secret = change.secret.value_or(from_environment("S3_KEY_SECRET")),
                                         .session_token = ""});
  return make_s3_client({.bucket = change.bucket.value_or(from_environment("LAKELIFT_LIVE_BUCKET")),
                         .prefix = prefix,
                         .region = from_environment("LAKELIFT_LIVE_REGION"),
                         .endpoint = change.endpoint.value_or(from_environment("LAKELIFT_LIVE_ENDPOINT")),
                         .addressing = S3Addressing::kPath},
                        {.transport = *transport_, .credentials = *credentials_, .clock = clock, .random = random_});
}

Result<std::unique_ptr<BlobClient>> LiveClient::azure(const std::string& prefix, const Clock& clock,
                                                      const LiveChange& change) {
  return make_azure_client({.account = from_environment("AZURE_STORAGE_ACCOUNT"),
                            .account_key = change.secret.value_or(from_environment("AZURE_STORAGE_KEY")),
                            .container = change.bucket.value_or(from_environment("LAKELIFT_LIVE_BUCKET")),
                            .prefix = prefix,
                            .endpoint = change.endpoint.value_or(from_environment("LAKELIFT_LIVE_ENDPOINT"))},
                           {.transport = *transport_, .clock = clock, .random = random_});
}

LiveUnderTest::LiveUnderTest(CloudStoreOptions options) : prefix_(new_key(random_) + "/") {
  look_ = LiveClient::make(prefix_, clock_);
  parts_ = LiveClient::make(prefix_, clock_);
  auto staging = StagingFolder::open(root_.path(), random_);
  if (!staging) ADD_FAILURE() << staging.error().message;
  if (!look_ || !parts_ || !staging) return;
  store_ = make_cloud_store(parts_->take(), *std::move(staging), clock_, options);
}

LiveUnderTest::~LiveUnderTest() {
  store_.reset();
  if (look_) empty(look_->client());
}

}  // namespace lakelift::storage
