#include "edge/cli/testing/fake_files.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace lakelift::cli::testing {
namespace {

WireAnswer not_found() { return error_answer(404, "COULD_NOT_FIND_FILE", "there is no such file"); }

std::string owner_of(const std::string& key) { return key.substr(0, key.find('/')); }
std::string path_of(const std::string& key) { return key.contains('/') ? key.substr(key.find('/') + 1) : ""; }

WireAnswer list_answer(const std::string& event, json::array data) {
  return json_answer(200, {{"@event", event}, {"@type", "list"}, {"data", std::move(data)}, {"next", nullptr}});
}

std::string repr_digest(const std::string& content) {
  return fmt::format("sha-256=:{}:", base64_encode(sha256(as_bytes(content))));
}

}  // namespace

FakeFiles::FakeFiles(FakeLakelift& fake) {
  const auto locked = [this](auto work) {
    return [this, work](const WireRequest& request) {
      const std::lock_guard lock(mutex_);
      return work(request);
    };
  };
  fake.on("GET /accounts/me", [](const WireRequest&) {
    return json_answer(200, {{"@event", "ACCOUNT_READ"}, {"id", 3}, {"username", "alice"}});
  });
  fake.on_prefix("/files/", locked([this](const WireRequest& request) { return files(request); }));
  fake.on_prefix("/trash/", locked([this](const WireRequest& request) { return trash(request); }));
  fake.on_prefix("/usage/", locked([this](const WireRequest& request) { return usage(request); }));
}

void FakeFiles::put(const std::string& key, const std::string& content) {
  const std::lock_guard lock(mutex_);
  add(key, {false, content});
}

void FakeFiles::make_folder(const std::string& key) {
  const std::lock_guard lock(mutex_);
  add(key, {true, ""});
}

std::optional<std::string> FakeFiles::content(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.content);
}

std::vector<std::string> FakeFiles::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [key, entry] : entries_) names.push_back(key + (entry.is_folder ? "/" : ""));
  return names;
}

void FakeFiles::add(const std::string& key, Entry entry) {
  for (std::size_t slash = key.find('/', key.find('/') + 1); slash != std::string::npos;
       slash = key.find('/', slash + 1)) {
    entries_.try_emplace(key.substr(0, slash), Entry{true, ""});
  }
  entries_[key] = std::move(entry);
}

// Into the trash.
void FakeFiles::discard(const std::string& key, const std::string& why) {
  const Entry entry = entries_.extract(key).mapped();
  if (entry.is_folder) return;
  trash_.push_back(
      {static_cast<std::int64_t>(trash_.size()) + 1, key, entry.content, why, fmt::format("day {}", days_)});
}

FakeFiles::Ask FakeFiles::ask_of(const WireRequest& request, std::size_t prefix) {
  Ask ask;
  const auto mark = request.target.find('?');
  ask.key =
      percent_decode(request.target.substr(prefix, mark == std::string::npos ? mark : mark - prefix)).value_or("");
  ask.has_slash = ask.key.ends_with('/');
  if (ask.has_slash) ask.key.pop_back();
  std::string rest = mark == std::string::npos ? "" : request.target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string pair = rest.substr(0, rest.find('&'));
    rest.erase(0, pair.size() + 1);
    ask.query[pair.substr(0, pair.find('='))] = percent_decode(pair.substr(pair.find('=') + 1)).value_or("");
  }
  if (auto body = parse_json(request.body); body && body->is_object()) ask.body = body->get_object();
  return ask;
}

json::object FakeFiles::object_of(const std::string& key) const {
  const Entry& entry = entries_.at(key);
  json::object object{{"@type", "file"},
                      {"owner", owner_of(key)},
                      {"path", path_of(key)},
                      {"name", key.substr(key.rfind('/') + 1)},
                      {"kind", entry.is_folder ? "folder" : "file"},
                      {"changed_at", "2026-11-26T12:00:00.000000Z"},
                      {"changed_by", "alice"},
                      {"right", owner_of(key) == "alice" ? "owner" : "read"},
                      {"is_shared", false},
                      {"catalogue_item_id", nullptr}};
  if (!entry.is_folder) {
    object["size_bytes"] = entry.content.size();
    object["sha256"] = sha256_hex(entry.content);
  }
  return object;
}

WireAnswer FakeFiles::told(int status, const std::string& event, const std::string& key) const {
  json::object object = object_of(key);
  object["@event"] = event;
  return json_answer(status, object);
}

WireAnswer FakeFiles::files(const WireRequest& request) {
  const Ask ask = ask_of(request, std::string_view("/files/").size());
  if (request.method == "PUT") return store(request, ask);
  const bool is_root = !ask.key.contains('/');
  if (!is_root && !entries_.contains(ask.key)) return not_found();
  if (request.method == "DELETE") return remove(ask);
  if (request.method == "POST") return act(ask);
  return get(request, ask);
}

WireAnswer FakeFiles::get(const WireRequest& request, const Ask& ask) {
  const auto view = ask.query.find("view");
  if (view != ask.query.end() && view->second == "access") {
    return list_answer("FILE_ACCESS_READ",
                       {{{"account", "alice"}, {"group", nullptr}, {"right", "owner"}, {"why", "owner"}},
                        {{"account", nullptr},
                         {"group", "team"},
                         {"right", "read"},
                         {"why", "grant"},
                         {"granted_on", "/files/" + ask.key},
                         {"granted_by", "alice"}}});
  }
  const auto entry = entries_.find(ask.key);
  if (view != ask.query.end() && entry != entries_.end()) return told(200, "FILE_READ", ask.key);
  if (entry == entries_.end() || entry->second.is_folder) return list(ask);
  return bytes_answer(request, entry->second.content);
}

WireAnswer FakeFiles::list(const Ask& ask) {
  json::array data;
  json::value next = nullptr;
  const bool is_recursive = ask.query.contains("recursive");
  const std::string after = ask.query.contains("after") ? ask.query.at("after") : "";
  for (const auto& [key, entry] : entries_) {
    if (!key.starts_with(ask.key + "/") || key <= after) continue;
    if (!is_recursive && key.find('/', ask.key.size() + 1) != std::string::npos) continue;
    if (data.size() == page) {
      next = owner_of(data.back().get_object().at("owner").get_string().c_str()) + "/" +
             std::string(data.back().get_object().at("path").get_string());
      break;
    }
    data.emplace_back(object_of(key));
  }
  return json_answer(200, {{"@event", "FILES_LISTED"}, {"@type", "list"}, {"data", data}, {"next", next}});
}

WireAnswer FakeFiles::store(const WireRequest& request, const Ask& ask) {
  const bool is_there = entries_.contains(ask.key);
  if (ask.has_slash) {
    if (!is_there) add(ask.key, {true, ""});
    return told(is_there ? 200 : 201, "FOLDER_CREATED", ask.key);
  }
  if (is_there && entries_.at(ask.key).is_folder) return error_answer(409, "FILE_IS_A_FOLDER", "it is a folder");
  if (is_there && request.headers.contains("if-none-match"))
    return error_answer(412, "PRECONDITION_FAILED", "it is there already");
  const auto digest = request.headers.find("repr-digest");
  if (digest != request.headers.end() && digest->second != repr_digest(request.body))
    return error_answer(400, "DIGEST_DID_NOT_MATCH", "the bytes are not those of the digest");
  if (is_there) discard(ask.key, "replaced");
  add(ask.key, {false, request.body});
  return told(is_there ? 200 : 201, is_there ? "FILE_REPLACED" : "FILE_CREATED", ask.key);
}

WireAnswer FakeFiles::remove(const Ask& ask) {
  std::vector<std::string> keys{ask.key};
  for (const auto& [key, entry] : entries_) {
    if (key.starts_with(ask.key + "/")) keys.push_back(key);
  }
  if (keys.size() > 1 && !ask.query.contains("recursive"))
    return error_answer(409, "FOLDER_IS_NOT_EMPTY", "the folder is not empty");
  WireAnswer answer = told(200, "FILE_DELETED", ask.key);
  ++days_;
  for (const auto& key : keys) discard(key, "deleted");
  return answer;
}

WireAnswer FakeFiles::act(const Ask& ask) {
  const std::string action = ask.query.contains("action") ? ask.query.at("action") : "";
  if (action == "move" || action == "copy") return transfer(ask, action == "move");
  if (action == "grant" && find_string(ask.body, "account") == "nobody")
    return error_answer(404, "COULD_NOT_FIND_ACCOUNT", "no account \"nobody\"");
  if (action == "grant") return told(200, "FILE_GRANTED", ask.key);
  if (action == "revoke") return told(200, "FILE_REVOKED", ask.key);
  if (action == "unpublish") return error_answer(409, "FILE_IS_NOT_PUBLISHED", "it is not published");
  if (action == "publish") {
    return json_answer(201, {{"@event", "CATALOGUEITEM_CREATED"},
                             {"@type", "catalogue_item"},
                             {"id", 9},
                             {"name", find_string(ask.body, "name").value_or("alice.may")},
                             {"executor_type", "LOCAL"},
                             {"spec", json::array{}}});
  }
  return error_answer(400, "QUERY_DID_NOT_VALIDATE", "there is no action " + action);
}

WireAnswer FakeFiles::transfer(const Ask& ask, bool is_move) {
  const std::string to = find_string(ask.body, "to").value_or("").substr(7);
  const bool is_there = entries_.contains(to);
  if (is_there && !find_bool(ask.body, "overwrite").value_or(false))
    return error_answer(409, "FILE_EXISTS_ALREADY", "something of this name is there");
  if (is_there) discard(to, "replaced");
  add(to, entries_.at(ask.key));
  if (is_move) entries_.erase(ask.key);
  return told(is_move ? 200 : 201, is_move ? "FILE_MOVED" : "FILE_COPIED", to);
}

WireAnswer FakeFiles::trash(const WireRequest& request) {
  const Ask ask = ask_of(request, std::string_view("/trash/").size());
  if (request.method == "DELETE") {
    trash_.clear();
    return json_answer(200, {{"@event", "TRASH_EMPTIED"}});
  }
  if (request.method == "POST") {  // OWNER/ID/restore
    const std::int64_t id = std::stoll(path_of(ask.key));
    const auto found = std::find_if(trash_.begin(), trash_.end(), [&](const Trashed& one) { return one.id == id; });
    if (found == trash_.end()) return error_answer(404, "COULD_NOT_FIND_TRASHED_FILE", "it is not in the trash");
    const Trashed one = *found;
    trash_.erase(found);
    add(one.key, {false, one.content});
    return told(200, "FILE_RESTORED", one.key);
  }
  json::array data;
  for (auto it = trash_.rbegin(); it != trash_.rend(); ++it) {
    if (owner_of(it->key) != ask.key) continue;
    data.push_back({{"@type", "trashed_file"},
                    {"id", it->id},
                    {"owner", owner_of(it->key)},
                    {"path", path_of(it->key)},
                    {"size_bytes", it->content.size()},
                    {"why", it->why},
                    {"trashed_at", it->at}});
  }
  return list_answer("TRASH_LISTED", std::move(data));
}

WireAnswer FakeFiles::usage(const WireRequest& request) {
  const Ask ask = ask_of(request, std::string_view("/usage/").size());
  if (request.method == "PUT") {
    for (const auto& [key, value] : ask.body) quota_[key] = value.is_null() ? json::value(5000) : value;
  }
  json::object usage = quota_;
  usage["@event"] = request.method == "PUT" ? "FILE_QUOTA_UPDATED" : "FILE_USAGE_READ";
  usage["owner"] = ask.key;
  usage["bytes"] = 12;
  usage["files"] = 3;
  usage["trash_bytes"] = 0;
  usage["trash_files"] = 0;
  return json_answer(200, usage);
}

}  // namespace lakelift::cli::testing
