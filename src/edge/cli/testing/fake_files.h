// Files as docs/files.md tells of them, in memory, behind a FakeLakelift; the caller is "alice".
//
//   FakeLakelift fake;
//   FakeFiles files(fake);
//   files.put("alice/reports/may.csv", "a,b\n");
//   run_cli({"--server", fake.url(), "file", "ls", "reports"});
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "edge/cli/testing/fake_lakelift.h"

namespace lakelift::cli::testing {

// Keys are "OWNER/PATH". Threadsafe.
class FakeFiles {
 public:
  explicit FakeFiles(FakeLakelift& fake);

  // Makes the folders above it too.
  void put(const std::string& key, const std::string& content);
  void make_folder(const std::string& key);
  [[nodiscard]] std::optional<std::string> content(const std::string& key) const;
  // All keys; folders end in '/'.
  [[nodiscard]] std::vector<std::string> names() const;

  std::size_t page = 1000;  // entries of a page, whatever was asked for

 private:
  struct Entry {
    bool is_folder = false;
    std::string content;
  };
  struct Trashed {
    std::int64_t id = 0;
    std::string key;
    std::string content;
    std::string why;  // deleted, replaced
    std::string at;
  };
  // A request, taken apart.
  struct Ask {
    std::string key;  // without a slash at the end
    bool has_slash = false;
    std::map<std::string, std::string> query;
    json::object body;
  };

  [[nodiscard]] WireAnswer files(const WireRequest& request);
  [[nodiscard]] WireAnswer get(const WireRequest& request, const Ask& ask);
  [[nodiscard]] WireAnswer list(const Ask& ask);
  [[nodiscard]] WireAnswer store(const WireRequest& request, const Ask& ask);
  [[nodiscard]] WireAnswer remove(const Ask& ask);
  [[nodiscard]] WireAnswer act(const Ask& ask);
  [[nodiscard]] WireAnswer transfer(const Ask& ask, bool is_move);
  [[nodiscard]] WireAnswer trash(const WireRequest& request);
  [[nodiscard]] WireAnswer usage(const WireRequest& request);
  [[nodiscard]] static Ask ask_of(const WireRequest& request, std::size_t prefix);
  [[nodiscard]] json::object object_of(const std::string& key) const;
  [[nodiscard]] WireAnswer told(int status, const std::string& event, const std::string& key) const;
  void add(const std::string& key, Entry entry);
  void discard(const std::string& key, const std::string& why);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::vector<Trashed> trash_;  // newest last
  std::int64_t days_ = 0;       // of the stamps in the trash
  json::object quota_{{"quota_bytes", 1000}, {"quota_files", 10}};
};

}  // namespace lakelift::cli::testing
