// How commands name what lies at the server: [OWNER:]PATH.
//
//   "reports/may.csv"       of one's own
//   "bob:reports/may.csv"   of bob
//   ":a:b"                  of one's own, with a colon in its name
//   "reports/", "bob:", ""  folders: with a slash at the end, or somebody's whole place
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lakelift::cli {

struct RemoteName {
  std::string owner;       // empty: the caller
  std::string path;        // without a slash at the end; empty: the whole place
  bool is_folder = false;  // written as one

  [[nodiscard]] bool is_root() const { return path.empty(); }
  [[nodiscard]] std::string name() const;  // the last part
  // What lies beneath it.
  [[nodiscard]] RemoteName child(std::string_view relative) const;
};

// What stands before the first ':' is the owner, if it has no '/'. Error: kInvalid for an empty part, "." and "..":
// a proxy on the way would make another path of them. All else is the server's to judge.
[[nodiscard]] Result<RemoteName> parse_remote_name(std::string_view text);
// As parse_remote_name() reads it; without the owner where it is `own`.
[[nodiscard]] std::string remote_text(std::string_view owner, std::string_view path, std::string_view own);
// "/files/alice/reports/may%20.csv". The name must have its owner.
[[nodiscard]] std::string address_of(const RemoteName& name);
// The same as a text in a body: "/files/alice/reports/may .csv".
[[nodiscard]] std::string plain_address_of(const RemoteName& name);
// Whether a path that a server sent is parts that can be names of files here: none is empty, "." or "..", none has a
// NUL or is longer than limits::kNameBytes.
[[nodiscard]] bool is_safe_path(std::string_view path);

}  // namespace lakelift::cli
