// `lakelift file get`: files and folders of the server, brought to this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <set>

#include "edge/cli/download.h"
#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/local_tree.h"
#include "edge/cli/target.h"
#include "edge/cli/text.h"
#include "edge/cli/transfers.h"
#include "edge/cli/upload_source.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> words;  // REMOTE… [LOCAL]
  std::string to;
  bool recursive = false;
  bool force = false;
  int at_once = limits::kTransfers;
};

// Where all of it goes.
struct Where {
  std::string path;      // "-": stdout
  bool is_into = false;  // a folder that each goes into by its name
};

struct Get {
  RemoteName remote;
  std::uint64_t bytes = 0;
  std::string sha256;
  bool force = false;
};

json::object done(std::string_view result, std::uint64_t bytes, const std::string& sha256, const std::string& local) {
  return {{"result", result}, {"bytes", static_cast<std::int64_t>(bytes)}, {"sha256", sha256}, {"local", local}};
}

// A file of this very content is not fetched again.
bool is_here(const Get& get, const std::string& local, const Pause& pause) {
  if (get.force) return false;
  std::error_code error;
  if (fs::file_size(local, error) != get.bytes || error) return false;
  const auto file = open_local_file(local, true);
  if (!file || file->size_bytes != get.bytes) return false;
  const auto sha256 = sha256_of_file(*file, [&] { return pause(0); });
  return sha256 && *sha256 == get.sha256;
}

Result<json::object> fetch(const TransferLane& lane, const Get& get, Destination& destination, const std::string& local,
                           Random& random, const Pause& pause) {
  OwnAddress address{address_of(get.remote), {}};
  if (!lane.api.token().empty()) address.headers.emplace_back("Authorization", "Bearer " + lane.api.token());
  TRY(const Downloaded got, download({lane.api.http(), random, pause, lane.progress}, address, destination));
  return done("fetched", got.bytes, got.sha256, local);
}

Result<json::object> get_to_file(const TransferLane& lane, const Get& get, const std::string& local, Random& random,
                                 const Pause& pause) {
  if (is_here(get, local, pause)) return done("unchanged", get.bytes, get.sha256, local);
  if (pause(0)) return interrupted();
  std::error_code error;
  if (fs::is_directory(local, error))
    return fail(Code::kConflict, "", fmt::format("{} is a folder here", printable(local)));
  const auto destination = file_destination(local);
  return fetch(lane, get, *destination, local, random, pause);
}

// What goes where; asks the server what there is.
class Plan {
 public:
  Plan(Session& session, FilePlaces& places, const Options& options, Where where)
      : session_(session), places_(places), options_(options), where_(std::move(where)) {}

  Result<std::vector<Transfer>> make(const std::vector<std::string>& remotes) {
    TRY(own_, places_.own());
    for (const auto& word : remotes) TRY_VOID(source(word));
    return std::move(transfers_);
  }

 private:
  Result<void> source(const std::string& word) {
    TRY(const RemoteName name, places_.resolve(word));
    if (name.is_root()) return tree(name, word);
    TRY(const RemoteEntry entry, places_.info(name));
    if (entry.is_folder) return tree(name, word);
    return file(name, entry);
  }

  Result<void> file(const RemoteName& name, const RemoteEntry& entry) {
    const Get get{name, entry.size_bytes, entry.sha256, options_.force};
    // By the name that was typed, not by one that a server sends.
    const fs::path path = where_.is_into ? fs::path(where_.path) / name.name() : fs::path(where_.path);
    if (where_.path == "-") return add(get, "-", stream_job(get, Target{}));
    if (where_.is_into) {
      std::error_code error;
      fs::create_directories(where_.path, error);  // what is wrong with it, target_at() says
    }
    TRY(Target target, target_at(path));
    if (target.path.empty()) return add(get, path.string(), stream_job(get, std::move(target)));
    return add(get, target.path,
               [get, local = target.path, &random = session_.random(), pause = session_.pause()](
                   const TransferLane& lane) { return get_to_file(lane, get, local, random, pause); });
  }

  using Job = std::function<Result<json::object>(const TransferLane&)>;
  Job stream_job(const Get& get, Target target) {
    const auto shared = std::make_shared<Target>(std::move(target));
    return [get, shared, &random = session_.random(), pause = session_.pause()](const TransferLane& lane) {
      const auto destination = shared->open();
      return fetch(lane, get, *destination, "-", random, pause);
    };
  }

  Result<void> tree(const RemoteName& name, const std::string& word) {
    if (!options_.recursive) {
      return fail(Code::kInvalid, "",
                  fmt::format("{} is a folder: -r brings all that is in it", printable(word.empty() ? ":" : word)));
    }
    if (where_.path == "-") return fail(Code::kInvalid, "", "a folder does not go to stdout");
    TRY(const auto entries, places_.list(name, "&recursive=true"));
    TRY(const auto relatives, relatives_of(name, entries));
    const std::string own_name = name.is_root() ? name.owner : name.name();
    if (!is_safe_path(own_name)) return fail(Code::kInvalid, "UNSAFE_NAME", "this owner's name can't name a folder");
    const std::string root = where_.is_into ? (fs::path(where_.path) / own_name).string() : where_.path;
    TRY(LocalFolder opened, LocalFolder::open(root));
    const auto folder = std::make_shared<const LocalFolder>(std::move(opened));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].is_folder) {
        TRY_VOID(folder->make_folder(relatives[i]));
        continue;
      }
      const Get get{name.child(relatives[i]), entries[i].size_bytes, entries[i].sha256, options_.force};
      TRY_VOID(add(get, (fs::path(root) / relatives[i]).string(), beneath(get, relatives[i], folder)));
    }
    return {};
  }

  // The paths of a folder's listing are the server's word: they are judged before anything is made.
  Result<std::vector<std::string>> relatives_of(const RemoteName& base, const std::vector<RemoteEntry>& entries) {
    const std::string prefix = base.is_root() ? "" : base.path + "/";
    std::vector<std::string> relatives;
    for (const RemoteEntry& entry : entries) {
      relatives.push_back(entry.path.starts_with(prefix) ? entry.path.substr(prefix.size()) : "");
      if (!is_safe_path(relatives.back())) {
        return fail(Code::kInvalid, "UNSAFE_NAME",
                    fmt::format("the server sent the name \"{}\" in the list of {}: nothing is written", entry.path,
                                remote_text(base.owner, base.path, own_)));
      }
    }
    return relatives;
  }

  Job beneath(const Get& get, const std::string& relative, std::shared_ptr<const LocalFolder> folder) {
    return [get, relative, folder = std::move(folder), &random = session_.random(),
            pause = session_.pause()](const TransferLane& lane) -> Result<json::object> {
      TRY(const std::string local, folder->place(relative));
      return get_to_file(lane, get, local, random, pause);
    };
  }

  Result<void> add(const Get& get, const std::string& local, Job job) {
    if (local != "-" && !taken_.insert(local).second)
      return fail(Code::kInvalid, "", fmt::format("two of these would both become {}", printable(local)));
    const std::string name = remote_text(get.remote.owner, get.remote.path, own_);
    transfers_.push_back({name, get.bytes, {{"remote", name}, {"local", local}}, std::move(job)});
    return {};
  }

  Session& session_;
  FilePlaces& places_;
  const Options& options_;
  const Where where_;
  std::string own_;
  std::set<std::string> taken_;
  std::vector<Transfer> transfers_;
};

struct Words {
  std::vector<std::string> remotes;
  Where where;
};

// With -o, or a single word, all are remote; else the last is LOCAL.
Result<Words> split(const Options& options) {
  Words words{options.words, {options.to, false}};
  if (options.to.empty() && words.remotes.size() > 1) {
    words.where.path = words.remotes.back();
    words.remotes.pop_back();
  }
  if (words.where.path.empty()) words.where.path = ".";
  std::error_code error;
  words.where.is_into = words.where.path.ends_with('/') || fs::is_directory(words.where.path, error);
  for (const auto& remote : words.remotes) TRY_VOID(parse_remote_name(remote));
  if (words.remotes.size() == 1 || words.where.is_into) return words;
  if (words.where.path == "-") return fail(Code::kInvalid, "", "only one file goes to stdout");
  return fail(Code::kInvalid, "",
              fmt::format("several files go into a folder, and {} is none: write {}/ to make it",
                          printable(words.where.path), printable(words.where.path)));
}

Result<void> get(Session& session, const Options& options) {
  TRY(const Words words, split(options));
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  TRY(const std::vector<Transfer> transfers, Plan(session, places, options, words.where).make(words.remotes));
  return run_transfers(session, transfers, {options.at_once, "DOWNLOADING", "fetched", words.where.path != "-"});
}

}  // namespace

void add_file_get(CommandTree& tree, CLI::App& file) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(file, "get", "Download files and folders: verified, and resumed where it broke",
               {"lakelift file get reports/may.csv", "lakelift file get -r ada:results/ run-7.csv here/ --transfers 8",
                "lakelift file get ada:notes.txt -o - | head"},
               [options](Session& session) { return get(session, *options); });
  command
      ->add_option("REMOTE...LOCAL", options->words,
                   "[OWNER:]PATH of files and folders, then where to (this folder when there is but one word)")
      ->required();
  command->add_option("-o,--to", options->to,
                      "Where to: a file, a folder, or '-' for stdout; then all words are remote");
  command->add_flag("-r,--recursive", options->recursive, "Folders with all that is in them");
  command->add_flag("--force", options->force, "Fetch also what is here just like this");
  command->add_option("--transfers", options->at_once, "How many at once")
      ->capture_default_str()
      ->check(CLI::Range(1, limits::kTransfersMost));
}

}  // namespace lakelift::cli
