// What lies at the server, as the commands of `lakelift file` ask for it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "edge/cli/api.h"
#include "edge/cli/output.h"
#include "edge/cli/remote_name.h"

namespace lakelift::cli {

struct RemoteEntry {
  std::string path;  // from the owner's root
  bool is_folder = false;
  std::uint64_t size_bytes = 0;  // of a file; so is sha256
  std::string sha256;
  json::object record;  // as the server told it, and "remote": how commands name it
};

// Not threadsafe.
class FilePlaces {
 public:
  explicit FilePlaces(Api& api) : api_(api) {}

  // The caller's username, asked for once. Error: kInternal for an account without one.
  [[nodiscard]] Result<std::string> own();
  // The name with its owner.
  [[nodiscard]] Result<RemoteName> resolve(std::string_view text);
  // What is there. Error: kNotFound. Not for a whole place: that is a folder.
  [[nodiscard]] Result<RemoteEntry> info(const RemoteName& name);
  // Nothing where nothing is there (or it may not be seen).
  [[nodiscard]] Result<std::optional<RemoteEntry>> look(const RemoteName& name);
  [[nodiscard]] Result<bool> is_folder(const RemoteName& name);
  // What is in a folder; `query`: "&sort=size_bytes", escaped.
  [[nodiscard]] Result<std::vector<RemoteEntry>> list(const RemoteName& folder, const std::string& query);
  // Where something named `name` goes when `target` was said: into it where it is a folder.
  [[nodiscard]] Result<RemoteName> into(const RemoteName& target, std::string_view name);
  // The server's object as an entry. Error: kInternal ANSWER_NOT_UNDERSTOOD.
  [[nodiscard]] Result<RemoteEntry> entry_of(json::object record);

  [[nodiscard]] Api& api() { return api_; }

 private:
  Api& api_;
  std::string own_;
};

// All pages of a list: `data` of each, as `next` leads on. `path` ends in a query ("…?a=b").
[[nodiscard]] Result<json::array> every_entry(Api& api, const std::string& path);

// `lakelift file …` lists: a name, its size, when it changed; `is_long`: whose, by whom, shared, published, SHA-256.
[[nodiscard]] const View& files_view(bool is_long);

}  // namespace lakelift::cli
