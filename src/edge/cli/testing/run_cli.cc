#include "edge/cli/testing/run_cli.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/fd.h"

extern char** environ;

namespace lakelift::cli::testing {
namespace {

// A descriptor of the process that points to a file for a while.
class Redirect {
 public:
  Redirect(int target, const std::string& path, int flags)
      : target_(target), saved_(fcntl(target, F_DUPFD_CLOEXEC, 10)) {
    std::fflush(nullptr);  // what was said before belongs where it was said
    std::cout.flush();
    const UniqueFd file(open(path.c_str(), flags | O_CLOEXEC, 0600));
    dup2(file.get(), target_);
  }
  ~Redirect() {
    std::fflush(nullptr);
    std::cout.flush();
    std::cerr.flush();
    dup2(saved_, target_);
    close(saved_);
  }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

 private:
  int target_;
  int saved_;
};

class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& wanted) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      const std::string name = text.substr(0, text.find('='));
      if (name.starts_with("LAKELIFT_") || name == "HOME" || name == "XDG_CONFIG_HOME")
        saved_[name] = text.substr(name.size() + 1);
    }
    for (const auto& [name, value] : saved_) unsetenv(name.c_str());
    for (const auto& [name, value] : wanted) {
      setenv(name.c_str(), value.c_str(), 1);
      wanted_.push_back(name);
    }
  }
  ~Environment() {
    for (const auto& name : wanted_) unsetenv(name.c_str());
    for (const auto& [name, value] : saved_) setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::string> saved_;
  std::vector<std::string> wanted_;
};

}  // namespace

CliRun run_cli(std::vector<std::string> args, const RunOptions& options) {
  const TempFolder folder;
  spit(folder.file("in"), options.in);
  args.insert(args.begin(), "lakelift");
  std::vector<char*> argv;
  for (auto& arg : args) argv.push_back(arg.data());
  argv.push_back(nullptr);
  CliRun result;
  {
    const Environment environment(options.env);
    const Redirect in(STDIN_FILENO, folder.file("in"), O_RDONLY);
    const Redirect out(STDOUT_FILENO, folder.file("out"), O_WRONLY | O_CREAT | O_TRUNC);
    const Redirect err(STDERR_FILENO, folder.file("err"), O_WRONLY | O_CREAT | O_TRUNC);
    result.code = run(static_cast<int>(args.size()), argv.data(), options.host);
  }
  result.out = slurp(folder.file("out"));
  result.err = slurp(folder.file("err"));
  return result;
}

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "lakelift-cli-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TempFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void spit(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

}  // namespace lakelift::cli::testing
