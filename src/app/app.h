// The composition root: makes every part of a server and joins them: backends, then domain, then edge; stops in
// reverse.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace lakelift::app {

enum class Reach {
  kNetwork,     // listens on TCP and on DATA/server.sock
  kSocketOnly,  // only on the socket: a command that works on a folder which nobody serves
};

class App {
 public:
  // Opens the data folder (made when missing) and serves. Errors: kConflict where another process serves the folder or
  // the port is taken, or the folder was written by a newer version; kInvalid for settings that do not fit each other.
  [[nodiscard]] static Result<std::unique_ptr<App>> start(const Config& config, Reach reach);
  ~App();  // stop()
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // "http://127.0.0.1:3000"; with kSocketOnly empty.
  [[nodiscard]] std::string address() const;
  // Drains and ends everything; what was acknowledged is on the disk.
  void stop();

 private:
  App();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lakelift::app
