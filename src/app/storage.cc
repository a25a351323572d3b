#include "app/storage.h"

#include <fmt/format.h>

#include <map>

#include "backends/net/curl/curl_transport.h"
#include "backends/storage/azure/azure_client.h"
#include "backends/storage/cloud/cloud_store.h"
#include "backends/storage/disk/disk_store.h"
#include "backends/storage/s3/s3_client.h"
#include "base/log.h"

namespace lakelift::app {
namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::string_view kAzure = "azure://";

struct NameAndPrefix {
  std::string name;
  std::string prefix;  // ends in "/" unless it is empty
};

NameAndPrefix split(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1)) + "/"};
}

std::unexpected<Error> refuse(const std::string& setting, const std::string& why) {
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", fmt::format("{}: {}", setting, why),
              {{setting, {why}}});
}

// An error of a place names the setting, so that whoever starts the server knows what to look at.
std::unexpected<Error> in_setting(Error error, const std::string& address) {
  error.message = fmt::format("storage {}: {}", address, error.message);
  if (error.fields.empty()) error.fields = {{"storage", {error.message}}};
  return std::unexpected(std::move(error));
}

// "AccountName=a;AccountKey=b;BlobEndpoint=c": what the portal shows.
std::map<std::string, std::string> parse_connection_string(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (const auto equals = part.find('='); equals != std::string_view::npos) {
      out.emplace(part.substr(0, equals), part.substr(equals + 1));
    }
  }
  return out;
}

storage::S3Addressing addressing_of(const StorageConfig& config) {
  const bool is_path =
      config.s3_addressing == "path" || (config.s3_addressing == "auto" && !config.s3_endpoint.empty());
  return is_path ? storage::S3Addressing::kPath : storage::S3Addressing::kVirtualHost;
}

std::string first_of(std::string one, std::string_view other) { return one.empty() ? std::string(other) : one; }

}  // namespace

Result<std::unique_ptr<storage::BlobClient>> Storage::open_s3(const StorageNeeds& needs, std::string_view address,
                                                              bool lists_all) {
  const StorageConfig& config = needs.config;
  TRY(auto transport, net::make_curl_transport({.ca_file = needs.ca_file, .plain_http = config.plain_http}));
  TRY(auto metadata_service, net::make_curl_transport({.ca_file = needs.ca_file, .is_metadata_service = true}));
  const auto environment = [ask = needs.environment](const std::string& name) { return std::string(ask(name)); };
  TRY(auto credentials, aws::find_credentials({environment, *transport, *metadata_service, needs.clock},
                                              {.region = config.s3_region, .token_service_endpoint = {}}));
  auto [bucket, prefix] = split(address);
  storage::S3Options options{std::move(bucket), std::move(prefix), config.s3_region, config.s3_endpoint,
                             addressing_of(config)};
  options.lists_all = lists_all;
  TRY(auto client, storage::make_s3_client(std::move(options), {*transport, *credentials, needs.clock, needs.random}));
  transports_.push_back(std::move(transport));
  transports_.push_back(std::move(metadata_service));
  credentials_.push_back(std::move(credentials));
  return client;
}

Storage::AzureAccount Storage::azure_account(const StorageNeeds& needs) {
  auto said = parse_connection_string(needs.environment("AZURE_STORAGE_CONNECTION_STRING"));
  return {
      first_of(first_of(needs.config.azure_account, needs.environment("AZURE_STORAGE_ACCOUNT")), said["AccountName"]),
      first_of(std::string(needs.environment("AZURE_STORAGE_KEY")), said["AccountKey"]),
      first_of(needs.config.azure_endpoint, said["BlobEndpoint"])};
}

Result<std::unique_ptr<storage::BlobClient>> Storage::open_azure(const StorageNeeds& needs, std::string_view address,
                                                                 bool lists_all) {
  storage::AzureOptions options;
  const AzureAccount account = azure_account(needs);
  options.account = account.name;
  options.account_key = account.key;
  options.endpoint = account.endpoint;
  if (options.account.empty()) return refuse("azure-account", "name the storage account that holds the container");
  if (options.account_key.empty()) {
    return refuse("azure-account", "its key is missing: set AZURE_STORAGE_KEY or AZURE_STORAGE_CONNECTION_STRING");
  }
  auto [container, prefix] = split(address);
  options.container = std::move(container);
  options.prefix = std::move(prefix);
  options.lists_all = lists_all;
  TRY(auto transport, net::make_curl_transport({.ca_file = needs.ca_file, .plain_http = needs.config.plain_http}));
  TRY(auto client, storage::make_azure_client(std::move(options), {*transport, needs.clock, needs.random}));
  transports_.push_back(std::move(transport));
  return client;
}

Result<std::shared_ptr<storage::ObjectStore>> Storage::open_place(const StorageNeeds& needs,
                                                                  const std::string& address) {
  if (address == "disk") {
    TRY(auto disk, storage::open_disk_store(needs.data_folder, staging_));
    return disk;
  }
  const std::string_view rest = address;
  TRY(auto client, rest.starts_with(kS3) ? open_s3(needs, rest.substr(kS3.size()), false)
                                         : open_azure(needs, rest.substr(kAzure.size()), false));
  TRY_VOID(storage::claim(*client, needs.database_id));
  return storage::make_cloud_store(std::move(client), staging_, needs.clock,
                                   {.sole_owner = needs.sole_owner, .signs_addresses = needs.config.direct_downloads});
}

Result<std::unique_ptr<BlobResults>> Storage::open_results(const StorageNeeds& needs, const std::string& address) {
  const std::string_view rest = address;
  TRY(auto client, rest.starts_with(kS3) ? open_s3(needs, rest.substr(kS3.size()), true)
                                         : open_azure(needs, rest.substr(kAzure.size()), true));
  auto results =
      std::make_unique<BlobResults>(std::move(client), engine_address(address, azure_account(needs).name) + "/");
  TRY_VOID(results->check());
  return results;
}

Result<std::unique_ptr<Storage>> Storage::open(const StorageNeeds& needs) {
  auto storage = std::unique_ptr<Storage>(new Storage());
  TRY(storage->staging_, storage::StagingFolder::open(needs.data_folder, needs.random));
  std::vector<storage::Place> places;
  for (const auto& address : needs.config.addresses) {
    auto place = storage->open_place(needs, address);
    if (!place) return in_setting(std::move(place).error(), address);
    places.push_back({address, *std::move(place)});
  }
  storage->places_ = std::make_unique<storage::Places>(std::move(places));
  if (needs.config.addresses != std::vector<std::string>{"disk"}) {
    log_info("content is kept in", {{"storage", fmt::format("{}", fmt::join(needs.config.addresses, ", "))}});
  }
  return storage;
}

}  // namespace lakelift::app
