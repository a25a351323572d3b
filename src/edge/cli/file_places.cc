#include "edge/cli/file_places.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/items.h"
#include "edge/cli/text.h"

namespace lakelift::cli {
namespace {

std::unexpected<Error> not_understood(std::string_view what) {
  return fail(Code::kInternal, "ANSWER_NOT_UNDERSTOOD", fmt::format("the server's answer has {}", what));
}

json::object flat_file(const json::object& file) {
  json::object flat = file;
  if (find_string(file, "kind") == "folder") flat["remote"] = find_string(file, "remote").value_or("") + "/";
  flat["shared"] = find_bool(file, "is_shared").value_or(false) ? "yes" : "";
  flat["item"] = find_int(file, "catalogue_item_id") ? json::value(*find_int(file, "catalogue_item_id")) : nullptr;
  return flat;
}

}  // namespace

Result<std::string> FilePlaces::own() {
  if (!own_.empty()) return own_;
  TRY(const json::object account, api_.get("/accounts/me"));
  own_ = find_string(account, "username").value_or("");
  if (own_.empty()) return not_understood("no username, so there is no place of one's own: name its OWNER");
  return own_;
}

Result<RemoteName> FilePlaces::resolve(std::string_view text) {
  TRY(RemoteName name, parse_remote_name(text));
  if (name.owner.empty()) {
    TRY(name.owner, own());
  }
  return name;
}

Result<RemoteEntry> FilePlaces::entry_of(json::object record) {
  const auto owner = find_string(record, "owner");
  const auto path = find_string(record, "path");
  const auto kind = find_string(record, "kind");
  if (!owner || !path || (kind != "file" && kind != "folder")) return not_understood("no file that could be used");
  RemoteEntry entry{*path, kind == "folder", 0, {}, {}};
  if (!entry.is_folder) {
    const auto size = find_int(record, "size_bytes");
    const auto sha256 = find_string(record, "sha256");
    if (!size || *size < 0 || !sha256) return not_understood("a file without size_bytes or sha256");
    entry.size_bytes = static_cast<std::uint64_t>(*size);
    entry.sha256 = *sha256;
  }
  TRY(const std::string mine, own());
  record["remote"] = remote_text(*owner, *path, mine);
  entry.record = without_envelope(std::move(record));
  return entry;
}

Result<RemoteEntry> FilePlaces::info(const RemoteName& name) {
  TRY(json::object record, api_.get(address_of(name) + "?view=info"));
  return entry_of(std::move(record));
}

Result<std::optional<RemoteEntry>> FilePlaces::look(const RemoteName& name) {
  auto entry = info(name);
  if (entry) return std::optional(*std::move(entry));
  if (entry.error().code == Code::kNotFound) return std::optional<RemoteEntry>();
  return std::unexpected(std::move(entry).error());
}

Result<bool> FilePlaces::is_folder(const RemoteName& name) {
  if (name.is_root()) return true;
  TRY(const auto entry, look(name));
  return entry && entry->is_folder;
}

Result<std::vector<RemoteEntry>> FilePlaces::list(const RemoteName& folder, const std::string& query) {
  const std::string address = address_of(folder);
  TRY(json::array records, every_entry(api_, fmt::format("{}{}?limit={}{}", address, address.ends_with('/') ? "" : "/",
                                                         limits::kPage, query)));
  std::vector<RemoteEntry> entries;
  for (auto& record : records) {
    if (!record.is_object()) return not_understood("something in a list that is no file");
    TRY(RemoteEntry entry, entry_of(std::move(record.get_object())));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<RemoteName> FilePlaces::into(const RemoteName& target, std::string_view name) {
  if (target.is_folder) return target.child(name);
  TRY(const bool is_there, is_folder(target));
  return is_there ? target.child(name) : target;
}

Result<json::array> every_entry(Api& api, const std::string& path) {
  json::array all;
  std::string after;
  while (true) {
    TRY(json::object answer, api.get(after.empty() ? path : path + "&after=" + percent_encode(after)));
    TRY(json::array page, array_of(answer, "data"));
    if (all.size() + page.size() > limits::kTreeEntries) {
      return fail(Code::kTooLarge, "", fmt::format("more than {} entries: name a folder of it", limits::kTreeEntries));
    }
    const bool is_empty = page.empty();
    for (auto& entry : page) all.push_back(std::move(entry));
    const json::value* next = find(answer, "next");
    const std::string cursor = next == nullptr ? "" : plain_text(*next);
    if (cursor.empty()) return all;
    // Each page leads on: a server that turns in a circle is not followed for ever.
    if (is_empty || cursor == after) return not_understood("a list that does not end");
    after = cursor;
  }
}

const View& files_view(bool is_long) {
  static const View brief{{{"remote"}, {"size_bytes", FieldKind::kBytes}, {"changed_at"}}, flat_file, "remote"};
  static const View whole{{{"remote"},
                           {"size_bytes", FieldKind::kBytes},
                           {"changed_at"},
                           {"changed_by"},
                           {"right"},
                           {"shared"},
                           {"item"},
                           {"sha256"}},
                          flat_file,
                          "remote"};
  return is_long ? whole : brief;
}

}  // namespace lakelift::cli
