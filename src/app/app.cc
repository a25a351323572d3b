#include "app/app.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "app/athena_engine.h"
#include "app/binding.h"
#include "app/job_engines.h"
#include "app/kafka_events.h"
#include "app/kept_slices.h"
#include "app/local_tables.h"
#include "app/published_files.h"
#include "app/reach.h"
#include "app/storage.h"
#include "app/webhook_events.h"
#include "backends/events/relay.h"
#include "backends/executors/local/local_executor.h"
#include "backends/ledger/ledger.h"
#include "backends/metadata/identity.h"
#include "backends/metadata/soci/data_dir_lock.h"
#include "backends/metadata/soci/postgresql_address.h"
#include "backends/metadata/soci/postgresql_database.h"
#include "backends/metadata/soci/sqlite_database.h"
#include "backends/net/curl/curl_client.h"
#include "columnar/worker_pool.h"
#include "domain/accounts/account_service.h"
#include "domain/accounts/api_token_service.h"
#include "domain/accounts/audit.h"
#include "domain/accounts/device_grant.h"
#include "domain/accounts/group_service.h"
#include "domain/accounts/issuers.h"
#include "domain/accounts/key_ring.h"
#include "domain/accounts/key_service.h"
#include "domain/accounts/sign_in.h"
#include "domain/analytics/spending.h"
#include "domain/analytics/window_gauges.h"
#include "domain/analytics/windows.h"
#include "domain/catalogue/access_request_service.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/refresher.h"
#include "domain/catalogue/sharing_service.h"
#include "domain/files/file_service.h"
#include "domain/notices/notice_service.h"
#include "domain/objects/object_keeper.h"
#include "domain/slices/run_store.h"
#include "domain/slices/slice_service.h"
#include "domain/transfers/transfer_recorder.h"
#include "domain/webhooks/webhook_service.h"
#include "edge/http/feed.h"
#include "edge/http/http_server.h"
#include "edge/http/routes/routes.h"

namespace lakelift::app {
namespace fs = std::filesystem;
namespace {

std::string program_folder() {
  std::error_code ec;
  const fs::path self = fs::read_symlink("/proc/self/exe", ec);
  return ec ? std::string(".") : self.parent_path().string();
}

Result<std::string> open_data_folder(const std::string& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec) {
    return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE",
                "the data folder " + path + " can't be made: " + ec.message(), {{"data", {ec.message()}}});
  }
  const std::string absolute = fs::canonical(path, ec).string();
  if (ec) return fail(Code::kInvalid, "the data folder " + path + " can't be opened: " + ec.message());
  return absolute;
}

// For what outside engines wrote, on its way: files without a name.
Result<std::string> open_scratch_folder(const std::string& data) {
  std::string path = data + "/scratch";
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno("making the scratch folder", errno);
  return path;
}

// Every folder's tables, lowest folder first.
std::vector<metadata::Migration> all_migrations() {
  std::vector<metadata::Migration> all;
  for (auto&& part : {ledger::migrations(), events::migrations(), objects::migrations(), accounts::migrations(),
                      notices::migrations(), analytics::migrations(), files::migrations(), catalogue::migrations(),
                      webhooks::migrations(), slices::migrations(), transfers::migrations()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Result<std::unique_ptr<metadata::Database>> open_database(const Config& config, const std::string& data) {
  if (config.database.empty()) return metadata::open_sqlite(data + "/lakelift.db");
  auto opened = metadata::open_postgresql(config.database);
  if (opened) log_info("the database is", {{"address", metadata::masked_postgresql_address(config.database)}});
  return opened;
}

std::vector<analytics::WindowLine> lines_of(const events::StreamedWindows& windows) {
  std::vector<analytics::WindowLine> lines;
  for (const auto& window : windows.list()) {
    analytics::WindowLine line;
    line.start = window.start;
    line.end = window.end;
    line.figures.downloads = window.downloads;
    line.figures.size_bytes = window.size_bytes;
    lines.push_back(std::move(line));
  }
  return lines;
}

http::HttpServerOptions server_options(const Config& config, Reach reach, const std::string& data) {
  return {.address = config.listen,
          .port = config.port,
          .listen_tcp = reach == Reach::kNetwork,
          .socket_path = data + "/server.sock",
          .public_url = config.public_url,
          .trusted_proxies = config.trusted_proxies,
          .drain_ms = config.drain_ms};
}

}  // namespace

// In the order in which they are made; destroyed from the last to the first.
struct App::Parts {
  std::string data;
  SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  std::optional<metadata::DataDirLock> lock;
  std::unique_ptr<metadata::Database> database;
  std::optional<ledger::Ledger> ledger;
  std::optional<accounts::KeyRing> keys;
  std::unique_ptr<Storage> storage;
  storage::Places* store = nullptr;  // its
  std::unique_ptr<objects::ObjectKeeper> keeper;
  std::unique_ptr<columnar::WorkerPool> workers;
  std::optional<LocalTables> tables;
  std::unique_ptr<JobEngines> job_engines;
  std::shared_ptr<executors::LocalExecutor> local_executor;
  std::unique_ptr<AthenaEngine> athena;
  executors::Executors executors;
  std::unique_ptr<net::HttpClient> http;
  std::optional<accounts::Issuers> issuers;
  std::unique_ptr<accounts::AccountService> accounts;
  std::unique_ptr<accounts::GroupService> groups;
  std::unique_ptr<accounts::ApiTokenService> api_tokens;
  std::unique_ptr<accounts::KeyService> key_service;
  std::optional<accounts::Audit> audit;
  std::unique_ptr<accounts::SignIn> sign_in;
  std::unique_ptr<accounts::DeviceGrant> device_grant;
  std::unique_ptr<notices::NoticeService> notices;
  std::unique_ptr<files::FileService> files;
  std::unique_ptr<catalogue::CatalogueService> catalogue;
  std::unique_ptr<PublishedFiles> published;
  std::unique_ptr<catalogue::SharingService> sharing;
  std::unique_ptr<catalogue::AccessRequestService> access_requests;
  std::unique_ptr<catalogue::Refresher> refresher;  // where somebody serves, and it was not switched off
  std::unique_ptr<webhooks::WebhookService> webhooks;
  std::unique_ptr<transfers::TransferRecorder> transfers;
  std::unique_ptr<analytics::WindowsView> windows;
  std::unique_ptr<slices::SliceService> slices;
  std::unique_ptr<KeptSlices> kept;
  events::StreamedWindows streamed_windows;
  std::unique_ptr<KafkaEvents> kafka;             // where somebody serves, and brokers are named
  std::unique_ptr<WebhookEvents> webhook_events;  // where webhooks may be
  std::unique_ptr<events::Relay> webhook_relay;
  std::unique_ptr<http::Feed> feed;
  std::unique_ptr<http::Feed> notice_feed;
  std::unique_ptr<http::Feed> live_feed;
  http::RouteTable routes;
  std::unique_ptr<http::HttpServer> server;
  std::atomic<bool> draining = false;
  std::stop_source stopping;  // of what requests and feeds wait for
  std::string address;

  Result<void> open_backends(const Config& config);
  Result<void> open_engines(const Config& config);
  executors::LiveRuns live_runs();
  Result<void> make_domain(const Config& config);
  void make_files(const Config& config);
  void connect_files();
  void make_webhooks(const Config& config);
  Result<void> open_events(const Config& config);
  Result<void> make_sign_in(const Config& config);
  Result<void> serve(const Config& config, Reach reach);
  Result<void> ready();
};

App::App() : parts_(std::make_unique<Parts>()) {}
App::~App() { stop(); }

Result<void> App::Parts::open_backends(const Config& config) {
  TRY(data, open_data_folder(config.data_dir));
  auto locked = metadata::DataDirLock::acquire(data, "lakelift " + std::to_string(::getpid()));
  if (!locked) {
    Error error = locked.error();
    if (error.code == Code::kConflict) error.event = "DATA_FOLDER_IS_SERVED";
    return std::unexpected(std::move(error));
  }
  lock.emplace(*std::move(locked));
  TRY(database, open_database(config, data));
  TRY_VOID(metadata::migrate(*database, all_migrations()));
  TRY_VOID(bind_to_database(data, *database, random));
  ledger.emplace(clock, random);
  TRY(auto ring, accounts::KeyRing::load(*database, clock, random));
  keys.emplace(std::move(ring));
  const bool sole_owner = database->dialect() == metadata::Dialect::kSqlite;
  TRY(const std::string database_id, metadata::identity_of(*database, random));
  const StorageNeeds storage_needs{config.storage,      data,  config.ca_file, database_id, sole_owner,
                                   process_environment, clock, random};
  TRY(storage, Storage::open(storage_needs));
  store = &storage->places();
  keeper = std::make_unique<objects::ObjectKeeper>(
      objects::KeeperParts{*database, *ledger, *store, clock, random, metrics, store},
      objects::KeeperOptions{.sole_owner = sole_owner, .scrub_bytes_per_second = config.scrub_bytes_per_second});

  const std::string program =
      config.columnar_program.empty() ? program_folder() + "/lakelift-columnar" : config.columnar_program;
  workers =
      std::make_unique<columnar::WorkerPool>(columnar::WorkerPoolOptions{.program = program,
                                                                         .spares = config.spare_workers,
                                                                         .workers = config.workers,
                                                                         .memory_bytes = config.worker_memory_bytes},
                                             metrics);
  local_executor = std::make_shared<executors::LocalExecutor>(*workers, config.profile_rows);
  executors.add(local_executor);
  TRY_VOID(open_engines(config));
  const auto open_results = [&](const std::string& place) -> Result<std::unique_ptr<executors::ResultStore>> {
    TRY(auto results, storage->open_results(storage_needs, place));
    return results;
  };
  TRY(job_engines,
      JobEngines::open({config, data, process_environment, open_results, *workers, clock, random, live_runs()},
                       executors));
  TRY(auto opened, LocalTables::open(data + "/tables", *workers, random));
  tables.emplace(std::move(opened));
  return {};
}

// Where tables are that this machine does not hold.
Result<void> App::Parts::open_engines(const Config& config) {
  if (config.athena.output.empty()) return {};
  TRY(const std::string scratch, open_scratch_folder(data));
  TRY(athena, AthenaEngine::open(
                  {config.athena, config.ca_file, scratch, process_environment, *workers, clock, random, live_runs()}));
  executors.add(athena->executor());
  return {};
}

executors::LiveRuns App::Parts::live_runs() {
  return
      [this] { return database->read([](metadata::Session& session) { return slices::store::live_runs(session); }); };
}

Result<void> App::Parts::make_sign_in(const Config& config) {
  TRY(http, net::make_curl_client({config.ca_file}));
  issuers.emplace(config.issuers, *http, clock);
  const accounts::SignInParts parts{*database, *ledger, *accounts, *issuers, clock, random};
  sign_in =
      std::make_unique<accounts::SignIn>(parts, accounts::SignInOptions{config.dev_login, config.sign_ins_per_minute});
  device_grant = std::make_unique<accounts::DeviceGrant>(parts);
  if (config.dev_login) log_warning("dev-login: whoever reaches this server signs in as whoever they say they are");
  return {};
}

void App::Parts::make_files(const Config& config) {
  files = std::make_unique<files::FileService>(
      files::FileServiceParts{*database, *ledger, *store, *keeper, clock},
      files::FileOptions{config.quota_bytes, config.quota_files, config.trash_days});
  keeper->add_owner(*files);
  if (config.liftbit_open) {
    log_warning("liftbit-open: whoever reaches this server does with every account's files what LiftBit's calls offer");
  }
}

void App::Parts::make_webhooks(const Config& config) {
  webhooks = std::make_unique<webhooks::WebhookService>(
      webhooks::WebhookParts{*database, *ledger, *keys, *http, clock, random, metrics},
      webhooks::ReceiverRule{config.webhook_hosts, config.webhook_loopback});
  webhooks->on_render(
      [this, public_url = config.public_url](const accounts::Account& owner,
                                             const webhooks::Event& event) -> Result<std::optional<json::object>> {
        if (event.type.starts_with("file.")) return json::object();  // the owner's own, and all said already
        std::int64_t id = 0;
        const char* const end = event.subject_id.data() + event.subject_id.size();
        const auto read = std::from_chars(event.subject_id.data(), end, id);
        if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
        return slices->told(owner, id, *keys, public_url.empty() ? address : public_url);
      });
  if (config.webhook_loopback) {
    log_warning("webhook-loopback: whoever has an account has this machine's own services called");
  }
}

// Who is told of transfers.
Result<void> App::Parts::open_events(const Config& config) {
  const events::RelayParts parts{*database, *ledger, clock, random, metrics};
  if (!config.webhook_hosts.empty() || config.webhook_loopback) {
    webhook_events = std::make_unique<WebhookEvents>(*database, *webhooks);
    webhook_relay = std::make_unique<events::Relay>(parts, *webhook_events);
  }
  if (config.events.kafka_brokers.empty()) return {};
  TRY(kafka, KafkaEvents::open({config.events, process_environment, parts, streamed_windows}));
  return {};
}

// What meets beyond the folders: files, the catalogue, slices.
void App::Parts::connect_files() {
  published =
      std::make_unique<PublishedFiles>(PublishedFilesParts{*database, *files, *catalogue, *keeper, *store, *workers});
  files->set_publications(published.get());
  local_executor->set_files(published.get());
  catalogue->set_published_item_deleted([this](metadata::Transaction& transaction, std::int64_t item_id) {
    return files->item_deleted(transaction, item_id);
  });
  kept = std::make_unique<KeptSlices>(*slices, *files);
}

Result<void> App::Parts::make_domain(const Config& config) {
  accounts = std::make_unique<accounts::AccountService>(*database, *ledger, *keys, clock, random);
  groups = std::make_unique<accounts::GroupService>(*database, *ledger, clock);
  api_tokens = std::make_unique<accounts::ApiTokenService>(*database, *ledger, clock, random);
  key_service = std::make_unique<accounts::KeyService>(*database, *ledger, *keys, clock, random);
  audit.emplace(*database, *ledger);
  TRY_VOID(make_sign_in(config));
  notices = std::make_unique<notices::NoticeService>(*database, clock);
  make_files(config);
  catalogue = std::make_unique<catalogue::CatalogueService>(*database, *ledger, *accounts, executors, clock);
  catalogue->set_notices(notices.get());
  sharing = std::make_unique<catalogue::SharingService>(*database, *ledger, *notices, clock);
  access_requests = std::make_unique<catalogue::AccessRequestService>(*database, *ledger, *accounts, *notices, clock);
  make_webhooks(config);
  transfers = std::make_unique<transfers::TransferRecorder>(
      transfers::RecorderParts{*database, *ledger, clock, random, metrics});
  windows = std::make_unique<analytics::WindowsView>(
      *database, *ledger,
      analytics::WindowsOptions{.window_seconds = config.window_seconds, .stop = stopping.get_token()});
  analytics::add_window_gauges(metrics, *windows, clock);
  slices = std::make_unique<slices::SliceService>(slices::SliceServiceParts{.database = *database,
                                                                            .ledger = *ledger,
                                                                            .accounts = *accounts,
                                                                            .catalogue = *catalogue,
                                                                            .executors = executors,
                                                                            .store = *store,
                                                                            .keeper = *keeper,
                                                                            .workers = *workers,
                                                                            .clock = clock,
                                                                            .random = random,
                                                                            .metrics = metrics,
                                                                            .running_runs = config.running_runs,
                                                                            .settings = config.slices,
                                                                            .notices = notices.get(),
                                                                            .webhooks = webhooks.get()});
  catalogue->set_live_requests(slices.get());
  catalogue->set_source_listener(slices.get());
  keeper->add_owner(*slices);
  connect_files();
  accounts->add_farewell_listener(*files);  // first: items go with the files that they are
  accounts->add_farewell_listener(*slices);
  accounts->add_farewell_listener(*sharing);
  accounts->add_farewell_listener(*notices);
  accounts->add_farewell_listener(*webhooks);
  groups->add_farewell_listener(*files);
  groups->add_farewell_listener(*slices);
  groups->add_farewell_listener(*sharing);

  TRY(const auto sources, catalogue->local_sources());
  std::vector<std::string> in_use;
  for (const auto& source : sources) {
    const auto* paths = find(source, "paths");
    if (paths == nullptr || !paths->is_array()) continue;
    for (const auto& path : paths->get_array()) {
      if (path.is_string()) in_use.emplace_back(path.get_string());
    }
  }
  TRY(const std::size_t swept, tables->sweep(in_use));
  if (swept > 0) log_info("removed tables of items that are gone", {{"count", swept}});
  return {};
}

Result<void> App::Parts::ready() {
  if (draining) return fail(Code::kUnavailable, "the server is stopping");
  TRY_VOID(database->check());
  return store->check();
}

Result<void> App::Parts::serve(const Config& config, Reach reach) {
  notice_feed = std::make_unique<http::Feed>(http::make_notice_fetch(*notices), limits::kFeedPollMs);
  notices->on_notice([this](std::int64_t account_id) { notice_feed->notify(account_id); });
  http::Services services{
      .accounts = *accounts,
      .groups = *groups,
      .api_tokens = *api_tokens,
      .key_service = *key_service,
      .audit = *audit,
      .sign_in = *sign_in,
      .device_grant = *device_grant,
      .catalogue = *catalogue,
      .sharing = *sharing,
      .access_requests = *access_requests,
      .notices = *notices,
      .slices = *slices,
      .webhooks = *webhooks,
      .transfers = *transfers,
      .windows = *windows,
      .files = *files,
      .keeper = *keeper,
      .keys = *keys,
      .metrics = metrics,
      .clock = clock,
      .random = random,
      .ready = [this] { return ready(); },
      .uri_wait_ms = config.uri_wait_ms,
      .prepare_local_files = [this](const std::vector<std::string>& paths, const std::vector<std::string>& null_tokens,
                                    const std::string&,
                                    std::stop_token stop) { return tables->prepare(paths, null_tokens, stop); },
      .publish_file =
          [this](const auto& caller, const auto& at, const http::PublishTerms& terms, std::stop_token stop) {
            return published->publish(caller, at, {terms.name, terms.description, terms.null_tokens}, stop);
          },
      .unpublish_file = [this](const auto& caller, const auto& at) { return published->unpublish(caller, at); },
      .keep_slice =
          [this](const auto& caller, std::int64_t request_id, columnar::Format format, const auto& to, bool overwrite,
                 std::stop_token stop) { return kept->keep(caller, request_id, format, to, overwrite, stop); },
      .liftbit_open = config.liftbit_open,
      .notice_feed = notice_feed.get(),
      .sign_ins_per_minute = config.sign_ins_per_minute,
      .direct_download_seconds = config.storage.direct_downloads ? config.storage.direct_download_seconds : 0,
  };
  live_feed = std::make_unique<http::Feed>(http::make_live_fetch(services), limits::kFeedPollMs);
  services.live_feed = live_feed.get();
  if (!config.events.kafka_windows_topic.empty()) {
    services.streamed_windows = [this] { return lines_of(streamed_windows); };
  }
  http::add_all_routes(routes, services);
  feed = std::make_unique<http::Feed>(http::make_feed_fetch(services), limits::kFeedPollMs);
  slices->on_change([this](std::int64_t request_id) { feed->notify(request_id); });
  server = std::make_unique<http::HttpServer>(
      server_options(config, reach, data),
      http::HttpServerParts{routes, http::make_authenticator(services.accounts, services.clock), *feed, metrics, clock,
                            random, http::render_lakey_error});
  TRY_VOID(keeper->start());
  transfers->start();
  TRY_VOID(server->start());
  slices->start();
  files->start();
  key_service->start();
  if (reach == Reach::kNetwork) {
    catalogue->warm_up();
    if (config.source_check_seconds > 0) {
      refresher = std::make_unique<catalogue::Refresher>(
          *database, *catalogue, clock,
          catalogue::RefresherOptions{.interval_seconds = config.source_check_seconds,
                                      .sole_owner = database->dialect() == metadata::Dialect::kSqlite});
      refresher->start();
    }
    const std::string host = config.listen.contains(':') ? "[" + config.listen + "]" : config.listen;
    address = "http://" + host + ":" + std::to_string(server->port());
    webhooks->start();  // what it says has the address in it
    if (webhook_relay) webhook_relay->start();
    if (kafka) kafka->start();
    log_info("serving", {{"address", address}, {"data", data}});
  }
  return {};
}

Result<std::unique_ptr<App>> App::start(const Config& config, Reach reach) {
  if (reach == Reach::kNetwork) TRY_VOID(check_reach(config));
  auto app = std::unique_ptr<App>(new App());
  TRY_VOID(app->parts_->open_backends(config));
  TRY_VOID(app->parts_->make_domain(config));
  if (reach == Reach::kNetwork) TRY_VOID(app->parts_->open_events(config));
  TRY_VOID(app->parts_->serve(config, reach));
  return app;
}

std::string App::address() const { return parts_->address; }

void App::stop() {
  if (!parts_ || parts_->draining.exchange(true)) return;
  parts_->stopping.request_stop();
  if (parts_->server) parts_->server->stop();
  if (parts_->transfers) parts_->transfers->stop();  // every answer's end is known by now
  if (parts_->refresher) parts_->refresher->stop();
  if (parts_->webhook_relay) parts_->webhook_relay->stop();
  if (parts_->webhooks) parts_->webhooks->stop();
  if (parts_->slices) parts_->slices->stop();
  if (parts_->files) parts_->files->stop();
  if (parts_->kafka) parts_->kafka->stop();
  if (parts_->key_service) parts_->key_service->stop();
  if (parts_->keeper) parts_->keeper->stop();
}

}  // namespace lakelift::app
