// The routes of the contracts and our own; one file a noun and dialect.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "domain/accounts/account_service.h"
#include "domain/accounts/api_token_service.h"
#include "domain/accounts/audit.h"
#include "domain/accounts/device_grant.h"
#include "domain/accounts/group_service.h"
#include "domain/accounts/key_service.h"
#include "domain/accounts/sign_in.h"
#include "domain/analytics/windows.h"
#include "domain/catalogue/access_request_service.h"
#include "domain/catalogue/catalogue_service.h"
#include "domain/catalogue/sharing_service.h"
#include "domain/files/file_service.h"
#include "domain/notices/notice_service.h"
#include "domain/objects/object_keeper.h"
#include "domain/slices/slice_service.h"
#include "domain/transfers/transfer_recorder.h"
#include "domain/webhooks/webhook_service.h"
#include "edge/http/feed.h"
#include "edge/http/http_server.h"
#include "edge/http/route_table.h"

namespace lakelift::http {

// Makes what an administrator names on the server's own machine ready to be a LOCAL item's source: CSV files become
// Parquet below the data folder (kept under the item's name), Parquet files and folders stay where they are. Returns
// the paths of the source. Errors: kInvalid BODY_DID_NOT_VALIDATE, field "paths" or "null_tokens".
using PrepareLocalFiles = std::function<Result<std::vector<std::string>>(
    const std::vector<std::string>& paths, const std::vector<std::string>& null_tokens, const std::string& item_name,
    std::stop_token stop)>;

// What `?action=publish` says of the table to be. Nothing as the name: "{owner}.{name of the file without its ending}".
struct PublishTerms {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::vector<std::string> null_tokens;  // of a CSV file: cells that are null besides empty ones
};
// Across two folders of the domain; app has them.
// Errors: as FileService::own_file; kConflict FILE_IS_PUBLISHED_ALREADY, FILE_IS_A_FOLDER; kInvalid
// BODY_DID_NOT_VALIDATE (name, null_tokens, file: what it holds is no table that can be read); kConflict
// CATALOGUEITEM_EXISTS_ALREADY. Blocks while the file is read.
using PublishFile = std::function<Result<catalogue::CatalogueItem>(
    const accounts::Account& caller, const files::Address& at, const PublishTerms& terms, std::stop_token stop)>;
// Errors: as FileService::own_file; kConflict FILE_IS_NOT_PUBLISHED.
using UnpublishFile = std::function<Result<void>(const accounts::Account& caller, const files::Address& at)>;
// A finished slice as a file: the same object. Errors: as of FileService::adopt; kNotFound
// COULD_NOT_FIND_DOWNLOADREQUEST; kConflict DOWNLOADREQUEST_NOT_DONE, DOWNLOADREQUEST_FAILED; kGone
// DOWNLOADREQUEST_CANCELLED. Blocks while the format is being made.
using KeepSlice = std::function<Result<files::Stored>(const accounts::Account& caller, std::int64_t request_id,
                                                      columnar::Format format, const files::Address& to, bool overwrite,
                                                      std::stop_token stop)>;

// What the routes call. They keep a copy; what is referred to must outlive the route table.
struct Services {
  accounts::AccountService& accounts;
  accounts::GroupService& groups;
  accounts::ApiTokenService& api_tokens;
  accounts::KeyService& key_service;
  const accounts::Audit& audit;
  accounts::SignIn& sign_in;
  accounts::DeviceGrant& device_grant;
  catalogue::CatalogueService& catalogue;
  catalogue::SharingService& sharing;
  catalogue::AccessRequestService& access_requests;
  notices::NoticeService& notices;
  slices::SliceService& slices;
  webhooks::WebhookService& webhooks;
  transfers::TransferRecorder& transfers;
  analytics::WindowsView& windows;
  files::FileService& files;
  objects::ObjectKeeper& keeper;
  const accounts::KeyRing& keys;
  Metrics& metrics;
  const Clock& clock;
  Random& random;
  std::function<Result<void>()> ready;  // for /readyz: database, storage; an error while draining
  int uri_wait_ms = limits::kUriWaitMs;
  PrepareLocalFiles prepare_local_files;
  PublishFile publish_file;
  UnpublishFile unpublish_file;
  KeepSlice keep_slice;
  bool liftbit_open = false;    // whether /create_user and its like believe the username (docs/files.md)
  Feed* notice_feed = nullptr;  // topics: account ids
  Feed* live_feed = nullptr;    // topics: live_analytics.h
  // What the streaming job counted, downloads and their bytes alone; empty: the server reads no such windows.
  std::function<std::vector<analytics::WindowLine>()> streamed_windows = {};
  std::int64_t sign_ins_per_minute = limits::kSignInsPerMinute;  // of one address
  int direct_download_seconds = 0;  // that a signed address of the storage is good for; 0: none are given
};

void add_account_routes(RouteTable& routes, const Services& services);
void add_group_routes(RouteTable& routes, const Services& services);
void add_token_routes(RouteTable& routes, const Services& services);
void add_key_routes(RouteTable& routes, const Services& services);
void add_audit_routes(RouteTable& routes, const Services& services);
void add_sign_in_routes(RouteTable& routes, const Services& services);
void add_device_routes(RouteTable& routes, const Services& services);  // RFC 8628
void add_catalogue_routes(RouteTable& routes, const Services& services);
void add_sharing_routes(RouteTable& routes, const Services& services);         // who may see an item
void add_access_request_routes(RouteTable& routes, const Services& services);  // asking to
void add_notice_routes(RouteTable& routes, const Services& services);
void add_file_reading_routes(RouteTable& routes, const Services& services);  // /files/ … : docs/files.md
void add_file_writing_routes(RouteTable& routes, const Services& services);
void add_file_action_routes(RouteTable& routes, const Services& services);
void add_file_keeping_routes(RouteTable& routes, const Services& services);  // trash, quota
void add_liftbit_routes(RouteTable& routes, const Services& services);       // /upload_file …
void add_download_request_routes(RouteTable& routes, const Services& services);
void add_chunk_routes(RouteTable& routes, const Services& services);      // what items are cut into, what is held
void add_budget_routes(RouteTable& routes, const Services& services);     // and approvals
void add_analytics_routes(RouteTable& routes, const Services& services);  // windows, what goes on
void add_spending_routes(RouteTable& routes, const Services& services);   // views of the ledger
void add_waiting_routes(RouteTable& routes, const Services& services);    // names, repeats, receipts
void add_webhook_routes(RouteTable& routes, const Services& services);
void add_data_routes(RouteTable& routes, const Services& services);        // signed addresses
void add_storage_routes(RouteTable& routes, const Services& services);     // scrub, sweep and move, for administrators
void add_operations_routes(RouteTable& routes, const Services& services);  // /livez /readyz /metrics
void add_docs_routes(RouteTable& routes);                                  // /docs /openapi.json
void add_all_routes(RouteTable& routes, const Services& services);         // all of the above

[[nodiscard]] Authenticator make_authenticator(accounts::AccountService& accounts, const Clock& clock);
[[nodiscard]] FeedFetch make_feed_fetch(const Services& services);
[[nodiscard]] FeedFetch make_notice_fetch(notices::NoticeService& notices);
// Reads the database once, whatever the number of topics. Keeps a copy of the services.
[[nodiscard]] FeedFetch make_live_fetch(const Services& services);
// {"@event", "@type": "error", errors?, "@authorizer"?, message, request_id}
[[nodiscard]] Response render_lakey_error(const Error& error, const RequestContext& context);
[[nodiscard]] int status_of(Code code);

}  // namespace lakelift::http
