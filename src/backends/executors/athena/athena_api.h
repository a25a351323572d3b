// One call to Athena: signed, and tried again where that may help.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "backends/executors/athena/athena_failures.h"
#include "backends/net/aws/credentials.h"
#include "backends/net/aws/endpoint.h"
#include "backends/net/aws/sigv4.h"
#include "backends/net/transport.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/pause.h"
#include "base/random.h"

namespace lakelift::executors {

struct AthenaApiParts {
  net::Transport& transport;
  aws::CredentialsSource& credentials;
  const Clock& clock;
  Random& random;
  Pause pause = real_pause();
};

// Threadsafe. The parts outlive it.
class AthenaApi {
 public:
  AthenaApi(aws::Endpoint endpoint, std::string region, AthenaApiParts parts)
      : endpoint_(std::move(endpoint)),
        scope_{.region = std::move(region), .service = "athena"},
        parts_(std::move(parts)) {}

  // Action "GetQueryExecution". What Athena throttles or fails at, and what does not answer, is called again with full
  // jitter, limits::kAthenaAttempts times: a call that starts something carries a token by which Athena knows it again.
  // Errors: meaning_of_answer's; kCancelled when `stop` is asked between attempts.
  [[nodiscard]] Result<json::object> call(std::string_view action, const json::object& body,
                                          const std::stop_token& stop);
  [[nodiscard]] const Pause& pause() const { return parts_.pause; }
  [[nodiscard]] const Clock& clock() const { return parts_.clock; }

 private:
  struct Answer {
    int status = 0;
    std::string error_type;
    std::string text;
  };
  [[nodiscard]] Result<Answer> send(std::string_view action, const std::string& body,
                                    const aws::Credentials& credentials);
  // The answer's document, or what became of the attempt.
  [[nodiscard]] std::expected<json::object, CallFailure> attempt(std::string_view action, const std::string& body,
                                                                 bool& has_renewed);
  [[nodiscard]] std::int64_t pause_ms(int attempt);

  const aws::Endpoint endpoint_;
  const aws::SigningScope scope_;
  const AthenaApiParts parts_;
};

}  // namespace lakelift::executors
