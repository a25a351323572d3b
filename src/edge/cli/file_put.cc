// `lakelift file put`: what is on this machine, brought to the server.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "base/encoding.h"
#include "edge/cli/file_commands.h"
#include "edge/cli/file_places.h"
#include "edge/cli/local_tree.h"
#include "edge/cli/text.h"
#include "edge/cli/transfers.h"
#include "edge/cli/upload_source.h"

namespace lakelift::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> words;  // LOCAL… REMOTE
  bool recursive = false;
  bool if_absent = false;
  bool force = false;
  int at_once = limits::kTransfers;
};

// One file on its way.
struct Put {
  std::string local;
  RemoteName remote;
  bool follow = true;
  bool if_absent = false;
  bool look_first = false;  // what is there is not known yet
  // What is there already; empty: nothing, or it does not matter.
  std::string known_sha256;
  std::uint64_t known_bytes = 0;
};

Headers digest_header(const std::string& sha256) {
  return {{"Repr-Digest", fmt::format("sha-256=:{}:", base64_encode(as_bytes(hex_decode(sha256).value_or(""))))}};
}

json::object done(std::string_view result, std::uint64_t bytes, const std::string& sha256) {
  return {{"result", result}, {"bytes", static_cast<std::int64_t>(bytes)}, {"sha256", sha256}};
}

// The server says what it stored.
Result<json::object> stored(const json::object& answer, const std::string& sha256) {
  const auto theirs = find_string(answer, "sha256");
  if (!sha256.empty() && theirs != sha256) {
    return fail(Code::kCorrupt, "DIGEST_MISMATCH",
                "the server stored other bytes than were sent (SHA-256 differs): delete the file and try again");
  }
  const bool is_new = find_string(answer, "@event") == "FILE_CREATED";
  return done(is_new ? "created" : "replaced", static_cast<std::uint64_t>(find_int(answer, "size_bytes").value_or(0)),
              theirs.value_or(""));
}

// With --if-absent: an earlier attempt of ours, whose answer was lost, may have made it.
Result<json::object> after_precondition(Api& api, const Put& put, const std::string& sha256, bool was_repeated,
                                        Error error) {
  if (was_repeated) {
    auto there = FilePlaces(api).info(put.remote);
    if (there && there->sha256 == sha256) return done("created", there->size_bytes, sha256);
  }
  error.message = fmt::format("{} is there already", put.remote.path);
  return std::unexpected(std::move(error));
}

Result<json::object> put_once(const TransferLane& lane, const Put& put, const Pause& pause) {
  TRY(const LocalFile file, open_local_file(put.local, put.follow));
  TRY(const std::string sha256, sha256_of_file(file, [&] { return pause(0); }));
  if (put.known_sha256 == sha256 && put.known_bytes == file.size_bytes)
    return done("unchanged", file.size_bytes, sha256);
  Headers headers = digest_header(sha256);
  if (put.if_absent) headers.emplace_back("If-None-Match", "*");
  std::uint64_t last = 0;
  bool was_repeated = false;
  const auto source = file_source(file, [&](std::uint64_t sent) {
    was_repeated = was_repeated || sent <= last;
    last = sent;
    lane.progress.update({"", ProgressUnit::kBytes, static_cast<std::int64_t>(sent), 0});
  });
  auto answer = lane.api.upload({address_of(put.remote), std::move(headers)}, *source);
  if (answer) return stored(*answer, sha256);
  if (put.if_absent && answer.error().code == Code::kPrecondition)
    return after_precondition(lane.api, put, sha256, was_repeated, std::move(answer).error());
  return std::unexpected(std::move(answer).error());
}

// A file that changes while it is read is read again.
Result<json::object> put_file(const TransferLane& lane, Put put, const Pause& pause) {
  if (put.look_first) {
    TRY(const auto there, FilePlaces(lane.api).look(put.remote));
    if (there && !there->is_folder) {
      put.known_sha256 = there->sha256;
      put.known_bytes = there->size_bytes;
    }
  }
  for (int attempt = 1;; ++attempt) {
    auto result = put_once(lane, put, pause);
    const bool is_wrong =
        !result && (result.error().event == "DIGEST_DID_NOT_MATCH" || result.error().event == "CONTENT_CHANGED");
    if (!is_wrong || attempt == limits::kWholeAttempts) return result;
  }
}

Result<json::object> put_stdin(const TransferLane& lane, const Put& put, const Interrupt& interrupt) {
  const auto source = stream_source(STDIN_FILENO, interrupt, [&](std::uint64_t sent) {
    lane.progress.update({"", ProgressUnit::kBytes, static_cast<std::int64_t>(sent), 0});
  });
  Headers headers;
  if (put.if_absent) headers.emplace_back("If-None-Match", "*");
  auto answer = lane.api.upload({address_of(put.remote), std::move(headers)}, *source);
  if (answer) return stored(*answer, "");
  if (put.if_absent && answer.error().code == Code::kPrecondition)
    return after_precondition(lane.api, put, "", false, std::move(answer).error());
  return std::unexpected(std::move(answer).error());
}

Result<json::object> make_folder(const TransferLane& lane, const RemoteName& folder) {
  const auto source = empty_source();
  TRY(const json::object answer, lane.api.upload({address_of(folder) + "/", {}}, *source));
  return json::object{{"result", "folder"}};
}

// Decides what goes where, before anything is sent.
class Plan {
 public:
  Plan(Session& session, FilePlaces& places, const Options& options)
      : session_(session), places_(places), options_(options) {}

  Result<std::vector<Transfer>> make() {
    const std::string& word = options_.words.back();
    TRY(target_, places_.resolve(word));
    const std::size_t sources = options_.words.size() - 1;
    if (!target_.is_root()) {
      TRY(there_, places_.look(target_));
    }
    const bool goes_into = target_.is_folder || (there_ && there_->is_folder);
    if (sources > 1 && !goes_into) {
      return fail(Code::kInvalid, "",
                  fmt::format("several sources go into a folder, and {} is none: write {}/ to make it", printable(word),
                              printable(word)));
    }
    TRY(own_, places_.own());
    for (std::size_t i = 0; i < sources; ++i) TRY_VOID(source(options_.words[i], goes_into));
    return std::move(transfers_);
  }

 private:
  Result<void> source(const std::string& local, bool goes_into) {
    if (local == "-") return from_stdin(goes_into);
    const fs::path path = fs::path(local).lexically_normal();
    std::string name = path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
    // "." and "FOLDER/." are what is in it, as it stands.
    const std::string last = local.substr(local.rfind('/') + 1);
    if (last == "." || last == "..") name.clear();
    const RemoteName to = goes_into && !name.empty() ? target_.child(name) : target_;
    std::error_code error;
    if (fs::is_directory(path, error)) return tree(local, to);
    const auto bytes = fs::file_size(path, error);
    const bool looks_first = goes_into && knows_of_old();
    return file({local, to, true, options_.if_absent, looks_first, {}, 0}, error ? 0 : bytes,
                !goes_into && there_ ? &*there_ : nullptr);
  }

  // Whether what is at the server already is left alone.
  [[nodiscard]] bool knows_of_old() const { return !options_.force && !options_.if_absent; }

  Result<void> from_stdin(bool goes_into) {
    if (options_.words.size() > 2) return fail(Code::kInvalid, "", "'-' (stdin) goes alone");
    if (goes_into) return fail(Code::kInvalid, "", "what comes on stdin needs a name: PATH, not a folder");
    const Put put{"-", target_, true, options_.if_absent, false, {}, 0};
    transfers_.push_back(
        {"-", 0, record("-", target_), [put, &interrupt = session_.interrupt()](const TransferLane& lane) {
           return put_stdin(lane, put, interrupt);
         }});
    return {};
  }

  Result<void> tree(const std::string& local, const RemoteName& to) {
    TRY(const LocalTree tree, walk_local(local));
    for (const auto& skipped : tree.skipped)
      session_.note(fmt::format("skipped {}: no regular file", printable((fs::path(local) / skipped).string())));
    TRY(const auto old, tree_at(to));
    if (tree.entries.empty() && !to.is_root()) return folder(local, to);
    for (const LocalEntry& entry : tree.entries) {
      const RemoteName remote = to.child(entry.path);
      const std::string path = (fs::path(local) / entry.path).string();
      if (entry.is_empty_folder) {
        TRY_VOID(folder(path, remote));
        continue;
      }
      const auto found = old.find(remote.path);
      TRY_VOID(file({path, remote, false, options_.if_absent, false, {}, 0}, entry.size_bytes,
                    found == old.end() ? nullptr : &found->second));
    }
    return {};
  }

  // What is beneath a folder at the server, by path.
  Result<std::map<std::string, RemoteEntry>> tree_at(const RemoteName& folder) {
    std::map<std::string, RemoteEntry> out;
    if (!knows_of_old()) return out;
    TRY(const bool is_there, places_.is_folder(folder));
    if (!is_there) return out;
    TRY(auto entries, places_.list(folder, "&recursive=true"));
    for (auto& entry : entries) out.emplace(entry.path, std::move(entry));
    return out;
  }

  json::object record(const std::string& local, const RemoteName& remote) {
    return {{"local", local}, {"remote", remote_text(remote.owner, remote.path, own_)}};
  }

  Result<void> folder(const std::string& local, const RemoteName& remote) {
    TRY_VOID(once(remote));
    transfers_.push_back(
        {local, 0, record(local, remote), [remote](const TransferLane& lane) { return make_folder(lane, remote); }});
    return {};
  }

  Result<void> file(Put put, std::uint64_t bytes, const RemoteEntry* there) {
    TRY_VOID(once(put.remote));
    if (there != nullptr && !there->is_folder && knows_of_old()) {
      put.known_sha256 = there->sha256;
      put.known_bytes = there->size_bytes;
    }
    transfers_.push_back(
        {put.local, bytes, record(put.local, put.remote),
         [put, pause = session_.pause()](const TransferLane& lane) { return put_file(lane, put, pause); }});
    return {};
  }

  Result<void> once(const RemoteName& remote) {
    if (taken_.insert(remote.path).second) return {};
    return fail(Code::kInvalid, "",
                fmt::format("two sources would both become {}: give them names of their own",
                            printable(remote_text(remote.owner, remote.path, own_))));
  }

  Session& session_;
  FilePlaces& places_;
  const Options& options_;
  RemoteName target_;
  std::optional<RemoteEntry> there_;  // at the target
  std::string own_;
  std::set<std::string> taken_;
  std::vector<Transfer> transfers_;
};

// What is wrong with the sources is said before anybody is asked.
Result<void> check_sources(const Options& options) {
  if (options.words.size() < 2) return fail(Code::kInvalid, "", "say what, and where to: LOCAL... REMOTE");
  for (std::size_t i = 0; i + 1 < options.words.size(); ++i) {
    const std::string& local = options.words[i];
    if (local == "-") continue;
    std::error_code error;
    const fs::file_status status = fs::status(local, error);
    if (!fs::exists(status)) return fail(Code::kNotFound, "", fmt::format("no file or folder {}", printable(local)));
    if (fs::is_directory(status) && !options.recursive)
      return fail(Code::kInvalid, "", fmt::format("{} is a folder: -r brings all that is in it", printable(local)));
  }
  return parse_remote_name(options.words.back()) ? Result<void>{}
                                                 : std::unexpected(parse_remote_name(options.words.back()).error());
}

Result<void> put(Session& session, const Options& options) {
  TRY_VOID(check_sources(options));
  TRY(Api * api, session.api());
  FilePlaces places(*api);
  TRY(const std::vector<Transfer> transfers, Plan(session, places, options).make());
  return run_transfers(session, transfers, {options.at_once, "UPLOADING", "uploaded"});
}

}  // namespace

void add_file_put(CommandTree& tree, CLI::App& file) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      tree.add(file, "put", "Upload files and folders",
               {"lakelift file put may.csv june.csv reports/", "lakelift file put -r results ada:shared/ --transfers 8",
                "head -n 100 may.csv | lakelift file put - reports/may-head.csv --if-absent"},
               [options](Session& session) { return put(session, *options); });
  command
      ->add_option("LOCAL...REMOTE", options->words,
                   "Files and folders of this machine ('-': stdin), then [OWNER:]PATH; a folder where it ends in '/'")
      ->required();
  command->add_flag("-r,--recursive", options->recursive, "Folders with all that is in them; links are not followed");
  command->add_flag("--if-absent", options->if_absent, "Replace nothing: what is there already is refused");
  command->add_flag("--force", options->force, "Send also what the server has just like this");
  command->add_option("--transfers", options->at_once, "How many at once")
      ->capture_default_str()
      ->check(CLI::Range(1, limits::kTransfersMost));
}

}  // namespace lakelift::cli
