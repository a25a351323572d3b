// What docs/files.md says, as simply as it can be told: the tree of each owner, rights, trash. For tests that compare a
// FileService with it.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "domain/files/file.h"

namespace lakelift::files::testing {

// Owners and viewers are names; the group "team" has bob and carol in it.
class Model {
 public:
  struct Entry {
    bool is_folder = false;
    std::string content;
    int id = 0;
    std::map<std::string, Right> grants;  // by grantee
  };
  struct Trash {
    std::string path, content;
    bool was_replaced = false;
    int file_id = 0;
  };
  struct Place {
    std::map<std::string, Entry> tree;
    std::vector<Trash> trash;  // oldest first
  };
  struct At {
    std::string owner, path;
  };

  // Each returns the event that is refused with, or "" and has done it.
  std::string upload(const std::string& who, const At& at, const std::string& content);
  std::string make_folder(const std::string& who, const At& at);
  std::string remove(const std::string& who, const At& at, bool recursive);
  std::string move(const std::string& who, const At& from, const At& to, bool overwrite);
  std::string copy(const std::string& who, const At& from, const At& to, bool overwrite);
  std::string grant(const std::string& who, const At& at, const std::string& to, Right right);
  std::string revoke(const std::string& who, const At& at, const std::string& from);
  std::string restore(const std::string& owner, std::size_t index);

  Place& place(const std::string& owner) { return places_[owner]; }
  std::optional<Right> right(const std::string& who, const At& at, bool above = false);
  bool is_there(const At& at) { return at.path.empty() || places_[at.owner].tree.contains(at.path); }
  bool is_folder(const At& at) { return at.path.empty() || (is_there(at) && entry(at).is_folder); }
  bool may_read(const std::string& who, const At& at) { return is_there(at) && right(who, at).has_value(); }
  Entry& entry(const At& at) { return places_[at.owner].tree.at(at.path); }

  static bool covers(const std::string& a, const std::string& b) {
    return a.empty() || a == b || (b.starts_with(a) && b.size() > a.size() && b[a.size()] == '/');
  }
  static std::vector<std::string> above(const std::string& path) {
    std::vector<std::string> out;
    for (std::size_t i = path.find('/'); i != std::string::npos; i = path.find('/', i + 1)) {
      out.push_back(path.substr(0, i));
    }
    return out;
  }

 private:
  bool may(const std::string& who, const At& at, Right wanted, bool above = false) {
    const auto has = right(who, at, above);
    return has && *has >= wanted;
  }
  std::string fault_of_writing(const std::string& who, const At& at);
  std::string fault_of_source(const std::string& who, const At& at);
  std::string fault_of_target(const std::string& who, const At& from, const At& to, bool overwrite);
  void make_folders(const At& at);
  void trash(const At& at, bool was_replaced);
  void put(const At& at, const std::string& content);
  std::map<std::string, Entry> take(const At& at);

  std::map<std::string, Place> places_;
  int ids_ = 0;
};

inline std::optional<Right> Model::right(const std::string& who, const At& at, bool above_it) {
  if (who == at.owner) return Right::kOwner;
  std::vector<std::string> paths = above(at.path);
  if (!above_it) paths.push_back(at.path);
  std::optional<Right> best;
  for (const auto& path : paths) {
    const auto node = places_[at.owner].tree.find(path);
    if (node == places_[at.owner].tree.end()) continue;
    for (const auto& [to, right] : node->second.grants) {
      const bool is_theirs = to == who || (to == "team" && (who == "bob" || who == "carol"));
      if (is_theirs && (!best || *best < right)) best = right;
    }
  }
  return best;
}

inline std::string Model::fault_of_writing(const std::string& who, const At& at) {
  if (!right(who, at)) return "COULD_NOT_FIND_FILE";
  if (!may(who, at, Right::kWrite)) return "ACCESS_DENIED";
  for (const auto& path : above(at.path)) {
    if (is_there({at.owner, path}) && !is_folder({at.owner, path})) return "FILE_IS_NO_FOLDER";
  }
  return "";
}

inline std::string Model::fault_of_source(const std::string& who, const At& at) {
  if (!may_read(who, at)) return "COULD_NOT_FIND_FILE";
  return at.path.empty() ? "FILE_NAME_DID_NOT_VALIDATE" : "";
}

inline std::string Model::fault_of_target(const std::string& who, const At& from, const At& to, bool overwrite) {
  if (auto fault = fault_of_writing(who, to); !fault.empty()) return fault;
  if (is_folder(from) && from.owner == to.owner && covers(from.path, to.path)) return "FILE_MOVED_INTO_ITSELF";
  if (!is_there(to)) return "";
  if (!overwrite) return "FILE_EXISTS_ALREADY";
  if (is_folder(to)) return "FILE_IS_A_FOLDER";
  return is_folder(from) ? "FILE_IS_NO_FOLDER" : "";
}

inline void Model::make_folders(const At& at) {
  for (const auto& path : above(at.path)) {
    if (!is_there({at.owner, path})) places_[at.owner].tree[path] = {true, "", ++ids_, {}};
  }
}

inline void Model::trash(const At& at, bool was_replaced) {
  places_[at.owner].trash.push_back({at.path, entry(at).content, was_replaced, entry(at).id});
}

inline void Model::put(const At& at, const std::string& content) {
  make_folders(at);
  if (!is_there(at)) {
    places_[at.owner].tree[at.path] = {false, content, ++ids_, {}};
    return;
  }
  if (entry(at).content != content) trash(at, true);
  entry(at).content = content;
}

inline std::map<std::string, Model::Entry> Model::take(const At& at) {
  std::map<std::string, Entry> out;
  auto& tree = places_[at.owner].tree;
  for (auto node = tree.begin(); node != tree.end();) {
    if (covers(at.path, node->first)) {
      out.insert(*node);
      node = tree.erase(node);
    } else {
      ++node;
    }
  }
  return out;
}

inline std::string Model::upload(const std::string& who, const At& at, const std::string& content) {
  if (auto fault = fault_of_writing(who, at); !fault.empty()) return fault;
  if (is_folder(at)) return "FILE_IS_A_FOLDER";
  put(at, content);
  return "";
}

inline std::string Model::make_folder(const std::string& who, const At& at) {
  if (auto fault = fault_of_writing(who, at); !fault.empty()) return fault;
  if (is_there(at)) return is_folder(at) ? "" : "FILE_IS_NO_FOLDER";
  make_folders({at.owner, at.path + "/x"});
  return "";
}

inline std::string Model::remove(const std::string& who, const At& at, bool recursive) {
  if (!may_read(who, at)) return "COULD_NOT_FIND_FILE";
  if (!may(who, at, Right::kWrite)) return "ACCESS_DENIED";
  if (at.path.empty()) return "FILE_NAME_DID_NOT_VALIDATE";
  if (!may(who, at, Right::kWrite, true)) return "ACCESS_DENIED";
  std::vector<std::string> paths;
  for (const auto& [path, node] : places_[at.owner].tree) {
    if (covers(at.path, path)) paths.push_back(path);
  }
  if (paths.size() > 1 && !recursive) return "FOLDER_IS_NOT_EMPTY";
  for (const auto& path : paths) {
    if (!is_folder({at.owner, path})) trash({at.owner, path}, false);
  }
  take(at);
  return "";
}

inline std::string Model::move(const std::string& who, const At& from, const At& to, bool overwrite) {
  if (auto fault = fault_of_source(who, from); !fault.empty()) return fault;
  if (!may(who, from, Right::kWrite) || !may(who, from, Right::kWrite, true)) return "ACCESS_DENIED";
  if (auto fault = fault_of_target(who, from, to, overwrite); !fault.empty()) return fault;
  if (from.owner == to.owner && from.path == to.path) return "FILE_MOVED_INTO_ITSELF";
  if (is_there(to)) {
    if (!may(who, to, Right::kWrite, true)) return "ACCESS_DENIED";
    if (entry(to).content != entry(from).content) trash(to, true);
    take(to);
  }
  make_folders(to);
  for (auto& [path, node] : take(from)) {
    if (from.owner != to.owner) node.grants.clear();
    places_[to.owner].tree[to.path + path.substr(from.path.size())] = node;
  }
  return "";
}

inline std::string Model::copy(const std::string& who, const At& from, const At& to, bool overwrite) {
  if (auto fault = fault_of_source(who, from); !fault.empty()) return fault;
  if (auto fault = fault_of_target(who, from, to, overwrite); !fault.empty()) return fault;
  if (!is_folder(from)) {
    put(to, std::string(entry(from).content));
    return "";
  }
  const auto tree = places_[from.owner].tree;
  make_folders(to);
  for (const auto& [path, node] : tree) {
    if (!covers(from.path, path)) continue;
    places_[to.owner].tree[to.path + path.substr(from.path.size())] = {node.is_folder, node.content, ++ids_, {}};
  }
  return "";
}

inline std::string Model::grant(const std::string& who, const At& at, const std::string& to, Right right) {
  if (!may_read(who, at)) return "COULD_NOT_FIND_FILE";
  if (!may(who, at, Right::kOwner)) return "ACCESS_DENIED";
  if (at.path.empty()) return "FILE_NAME_DID_NOT_VALIDATE";
  if (to != at.owner) entry(at).grants[to] = right;
  return "";
}

inline std::string Model::revoke(const std::string& who, const At& at, const std::string& from) {
  if (auto fault = grant(who, at, at.owner, Right::kRead); !fault.empty()) return fault;
  entry(at).grants.erase(from);
  return "";
}

inline std::string Model::restore(const std::string& owner, std::size_t index) {
  auto& all = places_[owner].trash;
  const Trash back = all.at(index);
  const At at{owner, back.path};
  if (auto fault = fault_of_writing(owner, at); !fault.empty()) return fault;
  if (is_folder(at)) return "FILE_IS_A_FOLDER";
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(index));
  if (is_there(at) && entry(at).id != back.file_id) {
    if (entry(at).content != back.content) trash(at, true);
    take(at);
  }
  put(at, back.content);
  return "";
}

}  // namespace lakelift::files::testing
