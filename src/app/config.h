// Settings of `lakelift serve`. Each can be given as a flag (--uri-wait-ms), as an environment variable made from the
// flag by one rule (LAKELIFT_URI_WAIT_MS), or as a key of a TOML file (uri-wait-ms); the first of these that is there
// wins, else the default. A wrong value stops the start and names the setting and where it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/athena_config.h"
#include "app/events_config.h"
#include "app/job_engines_config.h"
#include "app/storage_config.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "domain/accounts/issuers.h"
#include "domain/slices/planning/settings.h"

namespace lakelift::app {

struct Config {
  std::string data_dir = "./data";
  std::string database;  // address of a PostgreSQL, with its password; empty: SQLite in the data folder
  std::string listen = "127.0.0.1";
  std::uint16_t port = 3000;
  std::string public_url;  // empty: addresses handed out begin with the request's Host, where that is a loopback name
  std::vector<std::string> trusted_proxies;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  int uri_wait_ms = limits::kUriWaitMs;
  int drain_ms = limits::kDrainMs;
  std::size_t running_runs = limits::kRunningRuns;
  std::size_t workers = limits::kWorkers;
  std::size_t spare_workers = limits::kSpareWorkers;
  std::uint64_t worker_memory_bytes = limits::kWorkerMemoryBytes;
  std::int64_t profile_rows = limits::kProfileRows;
  int source_check_seconds = limits::kSourceCheckSeconds;  // 0: never
  std::int64_t window_seconds = 300;                       // of downloads and bytes: docs/events.md
  slices::SliceSettings slices;                            // prices and limits of engines: price_config.h
  StorageConfig storage;
  JobEnginesConfig job_engines;
  AthenaConfig athena;
  EventsConfig events;
  std::int64_t scrub_bytes_per_second = limits::kScrubBytesPerSecond;  // in the background; 0: none
  std::vector<accounts::IssuerSettings> issuers;                       // who may say who somebody is
  bool dev_login = false;  // whoever types an email is believed: for one machine
  std::int64_t sign_ins_per_minute = limits::kSignInsPerMinute;
  std::int64_t quota_bytes = limits::kQuotaBytes;  // of an account's files; 0: none
  std::int64_t quota_files = limits::kQuotaFiles;
  std::int64_t trash_days = limits::kTrashDays;  // 0: what is deleted is gone
  bool liftbit_open = false;                     // LiftBit's calls believe the username: for one machine
  bool liftbit_open_anywhere = false;            // and on others, on purpose
  std::vector<std::string> webhook_hosts;        // that accounts may have called; none: webhooks are off
  bool webhook_loopback = false;                 // this machine too: for one machine
  std::string ca_file;                           // authorities for what the server calls; empty: the system's
  std::string columnar_program;                  // empty: lakelift-columnar beside this program
};

// One setting as it was resolved: for `lakelift serve --show-config`.
struct ResolvedSetting {
  std::string name;
  std::string value;   // secrets are masked
  std::string origin;  // "flag", "environment LAKELIFT_PORT", "file lakelift.toml", "default"
};

struct LoadedConfig {
  Config config;
  std::vector<ResolvedSetting> settings;
  bool show_only = false;  // --show-config
  bool help_shown = false;
};

using Environment = std::string_view (*)(const std::string& name);  // empty: not set
[[nodiscard]] std::string_view process_environment(const std::string& name);

// `arguments`: what stands after `serve`. Errors: kInvalid with the setting's name as field.
[[nodiscard]] Result<LoadedConfig> load_config(const std::vector<std::string>& arguments, Environment environment);

}  // namespace lakelift::app
