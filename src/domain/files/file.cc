#include "domain/files/file.h"

#include "base/encoding.h"
#include "domain/accounts/account_store.h"

namespace lakelift::files {
namespace {

constexpr std::string_view kFilesAddress = "/files/";

template <typename T>
json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return json::value(*value);
}

std::unexpected<Error> bad_address(std::string_view field, const std::string& event, const std::string& text) {
  return fail(Code::kInvalid, event, std::string(field) + ": " + text, {{std::string(field), {text}}});
}

}  // namespace

std::string_view name_of(FileKind kind) { return kind == FileKind::kFile ? "file" : "folder"; }

std::string_view name_of(Right right) {
  switch (right) {
    case Right::kRead:
      return "read";
    case Right::kWrite:
      return "write";
    case Right::kOwner:
      return "owner";
  }
  return "read";
}

std::optional<Right> grantable_right_of(std::string_view name) {
  for (const Right right : {Right::kRead, Right::kWrite}) {
    if (name_of(right) == name) return right;
  }
  return std::nullopt;
}

std::string address_of(std::string_view owner, const FilePath& path, FileKind kind) {
  std::string address(kFilesAddress);
  address.append(percent_encode(owner)).push_back('/');
  const std::string& text = path.text();
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t slash = std::min(text.find('/', from), text.size());
    if (from > 0) address.push_back('/');
    address.append(percent_encode(std::string_view(text).substr(from, slash - from)));
    from = slash + 1;
  }
  if (kind == FileKind::kFolder && !path.is_root()) address.push_back('/');
  return address;
}

Result<Address> parse_address(std::string_view text, std::string_view field) {
  const auto not_an_address = [&] {
    return bad_address(field, "BODY_DID_NOT_VALIDATE", "It is like \"/files/alice/reports/may.csv\".");
  };
  if (!text.starts_with(kFilesAddress)) return not_an_address();
  text.remove_prefix(kFilesAddress.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !accounts::is_username(text.substr(0, slash))) return not_an_address();
  auto path = FilePath::parse(text.substr(slash + 1));
  if (!path) return bad_address(field, path.error().event, path.error().fields.front().texts.front());
  return Address{std::string(text.substr(0, slash)), *std::move(path)};
}

json::object to_json(const FileInfo& file, std::string_view base_url) {
  json::object out{{"@type", "file"},
                   {"owner", file.owner},
                   {"path", file.path.text()},
                   {"name", file.path.name()},
                   {"kind", name_of(file.kind)}};
  if (file.kind == FileKind::kFile) {
    out["size_bytes"] = file.size_bytes;
    out["sha256"] = file.sha256;
    out["content_type"] = media_type_of_name(file.path.name());
  }
  out["created_at"] = iso8601(file.created_at);
  out["changed_at"] = iso8601(file.changed_at);
  if (file.changed_by) {
    out["changed_by"] = file.changed_by_name;
  } else {
    out["changed_by"] = nullptr;
  }
  out["right"] = name_of(file.right);
  out["is_shared"] = or_null(file.is_shared);
  out["catalogue_item_id"] = or_null(file.catalogue_item_id);
  out["href"] = std::string(base_url) + address_of(file.owner, file.path, file.kind);
  return out;
}

}  // namespace lakelift::files
