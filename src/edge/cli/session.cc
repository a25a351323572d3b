#include "edge/cli/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <span>

namespace lakelift::cli {
namespace {

constexpr int kPollMs = 100;

Result<void> write_stdout(std::string_view text) {
  while (!text.empty()) {
    const auto written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return {};  // `… | head` has seen enough
    if (written < 0) return fail_errno("can't write the output", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

void write_stderr(std::string_view text) {
  // Nobody to tell when this fails.
  static_cast<void>(write_all(STDERR_FILENO, std::as_bytes(std::span(text.data(), text.size()))));
}

ProgressStyle style_of(const Settings& settings, const Terminal& terminal) {
  if (settings.is_quiet()) return ProgressStyle::kNone;
  return terminal.stderr_is_tty ? ProgressStyle::kBar : ProgressStyle::kLines;
}

}  // namespace

Session::Session(Settings settings, const Host& host, const Interrupt& interrupt)
    : settings_(std::move(settings)),
      host_(host),
      interrupt_(interrupt),
      output_(output_format_of(settings_.output.value).value_or(OutputFormat::kTable), look_at_terminal(),
              write_stdout),
      progress_(style_of(settings_, output_.terminal()), clock_, output_.terminal().columns, write_stderr) {}

Pause Session::pause() const {
  return [this](std::int64_t ms) { return interrupt_.wait_ms(ms); };
}

void Session::note(std::string_view text) {
  progress_.clear();
  if (!settings_.is_quiet()) write_stderr(fmt::format("{}\n", text));
}

void Session::complain(std::string_view text) {
  progress_.clear();
  write_stderr(fmt::format("{}\n", text));
}

Result<Api*> Session::api(bool may_start) {
  if (api_) return api_.get();
  TRY(Endpoint where, endpoint(may_start));
  SessionToken token;
  // On the socket the user id says who calls; a token of some other server must not get there.
  if (where.socket_path.empty()) {
    TRY(token, token_for(where.base_url));
  }
  http_ = std::make_unique<HttpClient>(std::move(where), interrupt_);
  api_ = std::make_unique<Api>(*http_, token.token, random_, pause());
  return api_.get();
}

Connection Session::connect() const {
  Connection another;
  another.http = std::make_unique<HttpClient>(http_->endpoint(), interrupt_);
  another.api = std::make_unique<Api>(api_->over(*another.http));
  return another;
}

Result<SessionToken> Session::token_for(const std::string& server) const {
  const char* token = std::getenv("LAKELIFT_TOKEN");
  if (token != nullptr && *token != '\0') return SessionToken{token, "environment", {}};
  TRY(auto stored, Credentials(default_credentials_path()).find(server));
  if (!stored) return SessionToken{"", "none", {}};
  return SessionToken{stored->token, "stored", *stored};
}

Result<Endpoint> Session::endpoint(bool may_start) {
  TRY(const bool is_remote, uses_server(settings_));
  if (!is_remote) return local_endpoint(may_start);
  TRY(std::string url, parse_server_url(settings_.server.value));
  return Endpoint{std::move(url), ""};
}

Result<void> Session::answers(const Endpoint& endpoint) const {
  HttpClient probe(endpoint, interrupt_);
  TRY_VOID(probe.send({.url = "/livez", .headers = {}, .body = {}}));
  return {};
}

Result<Endpoint> Session::local_endpoint(bool may_start) {
  const std::string& data = settings_.data.value;
  const auto socket_in = [&]() -> Result<Endpoint> {
    Endpoint where{"http://localhost", data + "/server.sock"};
    if (where.socket_path.size() < sizeof(sockaddr_un::sun_path)) return where;
    data_folder_ = UniqueFd(open(data.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!data_folder_) return where;  // the connection fails, and says why
    where.socket_path = fmt::format("/proc/self/fd/{}/server.sock", data_folder_.get());
    return where;
  };
  TRY(Endpoint where, socket_in());
  auto answer = answers(where);
  if (answer) return where;
  if (answer.error().code == Code::kCancelled) return std::unexpected(std::move(answer).error());
  if (!may_start || !host_.start_local_server) {
    return fail(Code::kUnavailable, "SERVER_UNREACHABLE", fmt::format("no server answers at {}/server.sock", data));
  }
  TRY(local_server_, host_.start_local_server(data));
  TRY(where, socket_in());
  // Without a server of ours another process holds the folder and may be just about to listen.
  for (std::int64_t waited = 0; waited <= limits::kLocalServerWaitMs; waited += kPollMs) {
    answer = answers(where);
    if (answer) return where;
    if (interrupt_.wait_ms(kPollMs)) return interrupted();
  }
  return std::unexpected(std::move(answer).error());
}

}  // namespace lakelift::cli
