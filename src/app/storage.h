// The places where content is kept, opened as the settings name them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/engine_results.h"
#include "app/storage_config.h"
#include "backends/net/aws/credentials.h"
#include "backends/net/transport.h"
#include "backends/storage/cloud/blob_client.h"
#include "backends/storage/places.h"
#include "backends/storage/staging_folder.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace lakelift::app {

struct StorageNeeds {
  const StorageConfig& config;
  std::string data_folder;
  std::string ca_file;
  std::string database_id;  // whose content it is
  bool sole_owner = true;   // no other process keeps content of this database
  std::string_view (*environment)(const std::string& name);
  const Clock& clock;
  Random& random;
};

// What the places stand on goes with them.
class Storage {
 public:
  // Credentials come from the environment: for S3 as find_credentials says; for Azure AZURE_STORAGE_KEY and
  // AZURE_STORAGE_ACCOUNT, or AZURE_STORAGE_CONNECTION_STRING. Each cloud is called once: a place that can't be used
  // stops the start. Errors: kInvalid CONFIGURATION_DID_NOT_VALIDATE naming the setting; those of claim() and check().
  [[nodiscard]] static Result<std::unique_ptr<Storage>> open(const StorageNeeds& needs);
  [[nodiscard]] storage::Places& places() { return *places_; }
  // Where an outside engine leaves results, "s3://BUCKET[/PREFIX]" or "azure://CONTAINER[/PREFIX]": by the settings and
  // credentials of content. Lives as long as this. Errors: as open(), without a setting's name.
  [[nodiscard]] Result<std::unique_ptr<BlobResults>> open_results(const StorageNeeds& needs,
                                                                  const std::string& address);

 private:
  // Of the settings and the environment; what is missing is empty.
  struct AzureAccount {
    std::string name;
    std::string key;
    std::string endpoint;
  };
  [[nodiscard]] static AzureAccount azure_account(const StorageNeeds& needs);

  Storage() = default;
  [[nodiscard]] Result<std::shared_ptr<storage::ObjectStore>> open_place(const StorageNeeds& needs,
                                                                         const std::string& address);
  [[nodiscard]] Result<std::unique_ptr<storage::BlobClient>> open_s3(const StorageNeeds& needs,
                                                                     std::string_view bucket_and_prefix,
                                                                     bool lists_all);
  [[nodiscard]] Result<std::unique_ptr<storage::BlobClient>> open_azure(const StorageNeeds& needs,
                                                                        std::string_view container_and_prefix,
                                                                        bool lists_all);

  std::shared_ptr<storage::StagingFolder> staging_;
  std::vector<std::unique_ptr<net::Transport>> transports_;
  std::vector<std::unique_ptr<aws::CredentialsSource>> credentials_;
  std::unique_ptr<storage::Places> places_;
};

}  // namespace lakelift::app
