#include "backends/executors/databricks/databricks_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "backends/executors/databricks/databricks_limits.h"
#include "backends/executors/jobs/job_limits.h"
#include "backends/executors/jobs/manifest.h"
#include "backends/net/address_rule.h"
#include "base/log.h"

namespace lakelift::executors {
namespace {

using net::HttpMethod;
using net::HttpRequest;
using net::HttpResponse;

std::unexpected<Error> refuse(const std::string& setting, const std::string& why) {
  return fail(Code::kInvalid, "CONFIGURATION_DID_NOT_VALIDATE", fmt::format("{}: {}", setting, why),
              {{setting, {why}}});
}

std::unexpected<Error> cancelled() { return fail(Code::kCancelled, "the job was cancelled"); }

std::unexpected<Error> nonsense(std::string_view what) {
  return fail(Code::kUnavailable, fmt::format("Databricks answered what makes no sense: {}", what));
}

bool is_worth_another(int status) { return status == 429 || status == 408 || status >= 500; }

// Seconds, as Databricks writes it; nothing for dates and nonsense.
std::optional<std::int64_t> retry_after_ms(const HttpResponse& response) {
  const auto text = response.header("retry-after");
  if (!text) return std::nullopt;
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || seconds < 0) return std::nullopt;
  return std::min(seconds * 1'000, limits::kDatabricksMostRetryMs);
}

// What an answer that is no 200 means.
Error refusal(const HttpResponse& response) {
  std::string word;
  std::string said;
  if (const auto parsed = parse_json(response.body); parsed && parsed->is_object()) {
    word = find_string(parsed->get_object(), "error_code").value_or("");
    said = one_line(find_string(parsed->get_object(), "message").value_or(""));
  }
  const std::string text = fmt::format("Databricks: {}{}{}", word, word.empty() || said.empty() ? "" : ": ", said);
  if (response.status == 401 || response.status == 403) {
    return {Code::kForbidden,
            "ENGINE_REFUSED_US",
            "Databricks does not take the server's token, or does not let it do this; an administrator has to look at "
            "LAKELIFT_DATABRICKS_TOKEN and the cluster's permissions",
            {}};
  }
  if (word == "RESOURCE_DOES_NOT_EXIST" || response.status == 404) return {Code::kNotFound, "JOB_NOT_FOUND", text, {}};
  if (is_worth_another(response.status)) {
    return {Code::kUnavailable, "", fmt::format("Databricks is not there now (status {})", response.status), {}};
  }
  return {Code::kInternal, "JOB_FAILED", fmt::format("{} (status {})", text, response.status), {}};
}

struct RunState {
  std::string life_cycle;
  std::string result;
  std::string message;
  std::optional<std::int64_t> task_run_id;  // of its only task: what get-output takes
};

Result<RunState> state_of(const json::object& answer) {
  const auto* state = find(answer, "state");
  if (state == nullptr || !state->is_object()) return nonsense("a run without a state");
  RunState out;
  out.life_cycle = find_string(state->get_object(), "life_cycle_state").value_or("");
  out.result = find_string(state->get_object(), "result_state").value_or("");
  out.message = one_line(find_string(state->get_object(), "state_message").value_or(""));
  if (out.life_cycle.empty()) return nonsense("a run's state without life_cycle_state");
  const auto* tasks = find(answer, "tasks");
  if (tasks != nullptr && tasks->is_array() && !tasks->get_array().empty()) {
    if (const auto* task = tasks->get_array().front().if_object()) out.task_run_id = find_int(*task, "run_id");
  }
  return out;
}

bool has_ended(const RunState& state) {
  return state.life_cycle == "TERMINATED" || state.life_cycle == "SKIPPED" || state.life_cycle == "INTERNAL_ERROR";
}

class DatabricksEngine final : public JobEngine {
 public:
  DatabricksEngine(DatabricksOptions options, json::object cluster, net::HttpClient& http, Random& random, Pause pause)
      : options_(std::move(options)),
        cluster_(std::move(cluster)),
        http_(http),
        random_(random),
        pause_(std::move(pause)) {}

  Result<std::string> submit(const JobOrder& order, std::stop_token stop) override {
    const std::string text = to_text(order.text);
    const json::array parameters{json::string(text)};
    if (to_text(parameters).size() > limits::kDatabricksOrderBytes) {
      return fail(
          Code::kTooLarge, "JOB_FAILED",
          fmt::format("the query is longer than the {} bytes that a Databricks job takes; ask for fewer columns "
                      "or a simpler part of the table",
                      limits::kDatabricksOrderBytes));
    }
    json::object task = cluster_;
    task["task_key"] = "lakelift";
    task["spark_python_task"] = json::object{{"python_file", options_.script}, {"parameters", parameters}};
    const json::object body{{"run_name", fmt::format("lakelift {} {}", order.kind, order.run)},
                            {"idempotency_token", order.token},
                            {"timeout_seconds", limits::kJobSeconds},
                            {"tasks", json::array{std::move(task)}}};
    // The token makes another attempt harmless, whatever became of the one before.
    TRY(const json::object answer, call(HttpMethod::kPost, "runs/submit", to_text(body), stop));
    const auto id = find_int(answer, "run_id");
    if (!id || *id < 0) return nonsense("a submitted run without a run_id");
    return std::to_string(*id);
  }

  Result<void> wait(const std::string& external_id, const JobOrder&, const JobStop& job_stop) override {
    TRY(const std::int64_t id, parse(external_id));
    const std::stop_token& stop = job_stop.token;
    std::int64_t look_ms = limits::kDatabricksLookMs;
    int blind = 0;
    for (std::int64_t waited_ms = 0; waited_ms < 2 * job_stop.most_ms; waited_ms += look_ms) {
      if (stop.stop_requested()) {
        if (!job_stop.leaves()) TRY_VOID(cancel(external_id));
        return cancelled();
      }
      const auto state = look(id, stop);
      if (state && has_ended(*state)) return verdict(id, *state, stop);
      if (!state && state.error().code == Code::kNotFound) {
        return fail(Code::kInternal, "JOB_FAILED",
                    "Databricks knows nothing of the run any more; somebody has deleted it. Ask again for a new one");
      }
      if (!state && state.error().code != Code::kUnavailable && !stop.stop_requested()) {
        return std::unexpected(state.error());
      }
      blind = state ? 0 : blind + 1;
      if (blind >= limits::kDatabricksBlindLooks) return std::unexpected(state.error());
      pause_(look_ms, stop);
      look_ms = std::min(look_ms + look_ms / 4, limits::kDatabricksMostLookMs);
    }
    TRY_VOID(cancel(external_id));
    return fail(Code::kDeadline, "the Databricks job took longer than a job may and was ended");
  }

  Result<void> cancel(const std::string& external_id) override {
    TRY(const std::int64_t id, parse(external_id));
    const auto answer = call(HttpMethod::kPost, "runs/cancel", to_text(json::object{{"run_id", id}}), {});
    if (answer || answer.error().code == Code::kNotFound) return {};
    return std::unexpected(answer.error());
  }

  void forget(const std::string&) override {}

 private:
  static Result<std::int64_t> parse(const std::string& external_id) {
    std::int64_t id = 0;
    const char* end = external_id.data() + external_id.size();
    const auto parsed = std::from_chars(external_id.data(), end, id);
    if (parsed.ec != std::errc() || parsed.ptr != end || id < 0) {
      return fail(Code::kInvalid, "this is no id of a Databricks run");
    }
    return id;
  }

  Result<RunState> look(std::int64_t id, const std::stop_token& stop) {
    TRY(const json::object answer, call(HttpMethod::kGet, fmt::format("runs/get?run_id={}", id), "", stop));
    return state_of(answer);
  }

  Result<void> verdict(std::int64_t id, const RunState& state, const std::stop_token& stop) {
    if (state.life_cycle == "TERMINATED" && state.result == "SUCCESS") return {};
    if (state.result == "CANCELED") {
      return fail(Code::kGone, "JOB_CANCELLED_OUTSIDE",
                  "somebody has cancelled the run in Databricks; ask again for a new one");
    }
    if (state.result == "TIMEDOUT") return fail(Code::kDeadline, "the Databricks job took longer than a job may");
    std::string reason = state.message;
    if (state.life_cycle == "INTERNAL_ERROR") {
      return fail(
          Code::kUnavailable, std::string(kJobEnded),
          fmt::format("Databricks lost the run (INTERNAL_ERROR): {}", reason.empty() ? "it gives no reason" : reason));
    }
    if (state.result == "FAILED") {
      const std::int64_t output_of = state.task_run_id.value_or(id);
      const auto output = call(HttpMethod::kGet, fmt::format("runs/get-output?run_id={}", output_of), "", stop);
      const auto said = output ? find_string(*output, "error") : std::nullopt;
      if (said && !said->empty()) reason = one_line(*said);
    }
    return fail(
        Code::kInternal, "JOB_FAILED",
        fmt::format("Databricks could not run the job ({}{}{}): {}", state.life_cycle, state.result.empty() ? "" : ", ",
                    state.result, reason.empty() ? "it gives no reason" : reason));
  }

  // A call whose answer is a JSON object, tried again where that is worth it. Each of ours may be sent twice.
  Result<json::object> call(HttpMethod method, const std::string& what, const std::string& body,
                            const std::stop_token& stop) {
    HttpRequest request;
    request.method = method;
    request.url = fmt::format("{}/api/2.1/jobs/{}", options_.host, what);
    request.headers = {{"Authorization", "Bearer " + options_.token}, {"Accept", "application/json"}};
    if (method == HttpMethod::kPost) request.headers.emplace_back("Content-Type", "application/json");
    request.body = body;
    request.timeout_ms = limits::kDatabricksCallMs;
    request.max_bytes = limits::kDatabricksAnswerBytes;
    Error last{Code::kUnavailable, "", "Databricks was not asked", {}};
    for (int attempt = 1; attempt <= limits::kDatabricksAttempts; ++attempt) {
      std::optional<std::int64_t> at_least_ms;
      const auto response = http_.send(request);
      if (response && response->status == 200) {
        auto parsed = parse_json(response->body);
        if (parsed && parsed->is_object()) return std::move(parsed->get_object());
        last = nonsense("no JSON object").error();
      } else if (response) {
        last = refusal(*response);
        if (!is_worth_another(response->status)) return std::unexpected(std::move(last));
        at_least_ms = retry_after_ms(*response);
      } else {
        last = response.error();
        if (last.code != Code::kUnavailable && last.code != Code::kDeadline) return std::unexpected(std::move(last));
        last = {Code::kUnavailable, "", "Databricks can't be reached: " + last.message, {}};
      }
      if (attempt == limits::kDatabricksAttempts || stop.stop_requested()) break;
      pause_(at_least_ms.value_or(0) + jitter_ms(attempt), stop);
    }
    return std::unexpected(std::move(last));
  }

  std::int64_t jitter_ms(int attempt) {
    const std::int64_t most = std::min(limits::kDatabricksMostRetryMs, limits::kDatabricksRetryMs << (attempt - 1));
    return static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(most + 1));
  }

  const DatabricksOptions options_;
  const json::object cluster_;
  net::HttpClient& http_;
  Random& random_;
  const Pause pause_;
};

Result<json::object> cluster_of(const std::string& setting) {
  if (setting.empty()) return refuse("databricks-cluster", "name a cluster's id, or give a new_cluster as JSON");
  if (!setting.starts_with('{')) return json::object{{"existing_cluster_id", setting}};
  auto parsed = parse_json(setting);
  if (!parsed || !parsed->is_object()) return refuse("databricks-cluster", "it begins as JSON, but is none");
  return json::object{{"new_cluster", std::move(parsed->get_object())}};
}

}  // namespace

Result<std::unique_ptr<JobEngine>> make_databricks_engine(DatabricksOptions options, net::HttpClient& http,
                                                          Random& random, Pause pause) {
  while (options.host.ends_with('/')) options.host.pop_back();
  if (const auto checked = net::check_url(options.host); !checked) {
    return refuse("databricks-host", checked.error().message);
  }
  if (options.token.empty()) {
    return refuse("databricks-host", "the workspace's token is missing: set LAKELIFT_DATABRICKS_TOKEN");
  }
  if (options.script.empty()) return refuse("databricks-script", "say where the workspace finds run_slice.py");
  TRY(json::object cluster, cluster_of(options.cluster));
  return std::make_unique<DatabricksEngine>(std::move(options), std::move(cluster), http, random, std::move(pause));
}

}  // namespace lakelift::executors
