#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "domain/accounts/account.h"
#include "domain/files/file_path.h"

namespace lakelift::files {

enum class FileKind { kFile, kFolder };
// What one may do with a file: each includes the one before it.
enum class Right { kRead, kWrite, kOwner };
[[nodiscard]] std::string_view name_of(FileKind kind);  // file folder
[[nodiscard]] std::string_view name_of(Right right);    // read write owner
[[nodiscard]] std::optional<Right> grantable_right_of(std::string_view name);

// Where something is or shall be.
struct Address {
  std::string owner;  // username
  FilePath path;
};

struct FileInfo {
  std::int64_t id = 0;  // stays when it is moved or replaced; never used again
  std::int64_t owner_id = 0;
  std::string owner;  // username
  FilePath path;
  FileKind kind = FileKind::kFile;
  std::uint64_t size_bytes = 0;  // of a file; and what follows too
  std::string sha256;
  std::string object_key;
  Micros created_at = 0;
  Micros changed_at = 0;
  std::optional<std::int64_t> changed_by;  // nothing: an account that is gone
  std::string changed_by_name;
  Right right = Right::kRead;                     // the caller's
  std::optional<bool> is_shared;                  // told to Right::kOwner alone
  std::optional<std::int64_t> catalogue_item_id;  // where it is published; told to Right::kOwner alone
};

// The object `file` of docs/files.md. `base_url`: "http://127.0.0.1:3000".
[[nodiscard]] json::object to_json(const FileInfo& file, std::string_view base_url);
// "/files/alice/reports/may.csv", escaped.
[[nodiscard]] std::string address_of(std::string_view owner, const FilePath& path, FileKind kind);
// The reverse, of a decoded text: "/files/alice/reports/may.csv". Error: kInvalid, field `field`.
[[nodiscard]] Result<Address> parse_address(std::string_view text, std::string_view field);

}  // namespace lakelift::files
