// One token's driver on this machine: its folder, its lock, its process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace lakelift::executors {

struct SparkCommand {
  std::string program;                   // spark-submit
  std::vector<std::string> arguments;    // without the program's name
  std::vector<std::string> environment;  // "NAME=value"; nothing else is passed on
};

// Not threadsafe; several may be made of one token, here and in other processes: the lock orders them.
class SparkJob {
 public:
  // Makes the folder where it is not there. Error: kInternal.
  [[nodiscard]] static Result<SparkJob> open(const std::string& state_folder, const std::string& token);

  // Takes the lock. False: a driver holds it, or somebody who is about to start one.
  [[nodiscard]] Result<bool> try_lock();
  // How often a driver was started, or was about to be.
  [[nodiscard]] Result<int> launches() const;
  // Counts the launch, then starts it; the lock is then the driver's. Only with the lock.
  [[nodiscard]] Result<void> launch(const SparkCommand& command, const std::string& order_text);
  [[nodiscard]] std::string order_path() const { return folder_ + "/order.json"; }
  // Whether the driver that this object has launched has ended, and how; nothing: not yet, or another's.
  [[nodiscard]] std::optional<int> exit_status();
  // SIGTERM, or SIGKILL, to the driver and its children, where it lives.
  void signal(int number);
  // The last lines of what it wrote.
  [[nodiscard]] std::string log_tail() const;
  // Removes the folder.
  void remove();

 private:
  explicit SparkJob(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  UniqueFd lock_;  // while it is ours
  int pid_ = -1;   // of a driver that we have started and not yet waited for
};

}  // namespace lakelift::executors
