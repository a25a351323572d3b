// Runs a command in this process, as main() would.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "edge/cli/cli.h"

namespace lakelift::cli::testing {

struct CliRun {
  int code = -1;
  std::string out;
  std::string err;
};

struct RunOptions {
  std::map<std::string, std::string> env;  // set for the length of the command; LAKELIFT_* and HOME are unset before
  std::string in;                          // stdin
  Host host;
};

// One at a time: it borrows the process's stdin, stdout, stderr and environment.
[[nodiscard]] CliRun run_cli(std::vector<std::string> args, const RunOptions& options = {});

// A folder that is removed with all that is in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Names in it, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::string path_;
};

[[nodiscard]] std::string slurp(const std::string& path);
void spit(const std::string& path, const std::string& content);

}  // namespace lakelift::cli::testing
