// An Athena for tests, at the wire: queries by their text, tokens that are known again, states one after another.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backends/executors/testing/memory_results.h"
#include "backends/net/testing/fake_transport.h"
#include "base/json.h"

namespace lakelift::executors::testing {

using net::testing::FakeAnswer;
using net::testing::FakeCall;

// How a query ends.
struct Ending {
  std::string state = "SUCCEEDED";
  std::string reason = {};
  std::vector<std::string> names = {};  // of the answer's columns
  std::vector<std::vector<std::optional<std::string>>> rows = {};
  std::vector<std::string> files = {};  // that an UNLOAD writes: their bytes
  bool has_manifest = true;
};

class FakeAthena {
 public:
  using Plan = std::function<Ending(const std::string& sql)>;
  // Nothing: answered as always.
  using Before = std::function<std::optional<Result<FakeAnswer>>(const std::string& action, int number)>;

  explicit FakeAthena(MemoryResults& results) : results_(results) {}

  Plan plan;
  Before before;                                    // asked before anything happens
  Before after;                                     // asked after it happened: the answer is lost
  std::function<void(const std::string&)> on_look;  // of a query's id
  json::object metadata;                            // TableMetadata; empty: there is no such table
  int looks_until_end = 2;                          // that say QUEUED, RUNNING
  net::testing::FakeTransport transport{[this](const FakeCall& call) { return answer(call); }};

  [[nodiscard]] std::size_t started() const { return queries_.size(); }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& [_, query] : queries_) all.push_back(query.sql);
    return all;
  }
  [[nodiscard]] int count_of(const std::string& action) const {
    const auto found = counts_.find(action);
    return found == counts_.end() ? 0 : found->second;
  }
  [[nodiscard]] bool was_stopped(const std::string& id) const { return queries_.at(id).is_stopped; }

  static FakeAnswer error(int status, const std::string& type, const std::string& message) {
    return {.status = status,
            .headers = {},
            .body = to_text(json::object{{"__type", "com.amazonaws.athena#" + type}, {"message", message}})};
  }

 private:
  struct Query {
    std::string sql;
    std::string token;
    Ending ending;
    int looks = 0;
    bool is_stopped = false;
    std::string manifest = {};
  };

  static Result<FakeAnswer> fine(const json::object& body) {
    return FakeAnswer{.status = 200, .headers = {}, .body = to_text(body)};
  }

  Result<FakeAnswer> answer(const FakeCall& call) {
    const std::string target = call.header("X-Amz-Target");
    const std::string action = target.substr(target.find('.') + 1);
    EXPECT_TRUE(target.starts_with("AmazonAthena.")) << target;
    EXPECT_TRUE(call.header("Authorization").contains("/us-east-1/athena/aws4_request")) << "signed for the service";
    EXPECT_EQ(call.method, "POST");
    const int number = ++counts_[action];
    if (before) {
      if (auto instead = before(action, number)) return *instead;
    }
    const auto body = parse_json(call.body);
    EXPECT_TRUE(body && body->is_object());
    auto done = act(action, body->as_object());
    if (after) {
      if (auto instead = after(action, number)) return *instead;
    }
    return done;
  }

  Result<FakeAnswer> act(const std::string& action, const json::object& body) {
    if (action == "StartQueryExecution") return start(body);
    if (action == "GetTableMetadata") {
      if (metadata.empty()) return error(400, "MetadataException", "EntityNotFoundException: Entity Not Found");
      return fine({{"TableMetadata", metadata}});
    }
    const auto found = queries_.find(find_string(body, "QueryExecutionId").value_or(""));
    if (found == queries_.end()) return error(400, "InvalidRequestException", "QueryExecution was not found");
    if (action == "GetQueryExecution") return look(found->first, found->second);
    if (action == "StopQueryExecution") {
      found->second.is_stopped = true;
      return fine({});
    }
    return rows(found->second, body);
  }

  Result<FakeAnswer> start(const json::object& body) {
    const std::string token = find_string(body, "ClientRequestToken").value_or("");
    const std::string sql = find_string(body, "QueryString").value_or("");
    EXPECT_GE(token.size(), 32U);
    EXPECT_LE(token.size(), 128U);
    for (const auto& [id, query] : queries_) {
      if (query.token != token) continue;
      if (query.sql != sql) return error(400, "InvalidRequestException", "Idempotent parameters do not match");
      return fine({{"QueryExecutionId", id}});
    }
    const std::string id = fmt::format("query-{}", queries_.size() + 1);
    queries_[id] = {sql, token, plan(sql)};
    return fine({{"QueryExecutionId", id}});
  }

  void write_files(const std::string& id, Query& query) {
    const auto at = query.sql.rfind("TO '");
    if (!query.sql.starts_with("UNLOAD") || at == std::string::npos) return;
    const std::string address = query.sql.substr(at + 4, query.sql.find('\'', at + 4) - at - 4);
    const std::string data = results_.folder_of(address).value();
    std::string list;
    for (std::size_t i = 0; i < query.ending.files.size(); ++i) {
      const std::string file = fmt::format("{}/part_{}", data, i);
      results_.put(file, query.ending.files[i]);
      list += "s3://results/lake/" + file + "\n";
    }
    if (!query.ending.has_manifest) return;
    query.manifest = "s3://results/lake/queries/" + id + "-manifest.csv";
    results_.put("queries/" + id + "-manifest.csv", list);
  }

  Result<FakeAnswer> look(const std::string& id, Query& query) {
    if (on_look) on_look(id);
    const int looks = query.looks++;
    std::string state = looks == 0 ? "QUEUED" : "RUNNING";
    if (looks >= looks_until_end) {
      state = query.ending.state;
      if (looks == looks_until_end && state == "SUCCEEDED") write_files(id, query);
    }
    if (query.is_stopped && looks < looks_until_end) state = "CANCELLED";
    json::object status{{"State", state}, {"SubmissionDateTime", 1.7e9}};
    if (state == "FAILED" || state == "CANCELLED") status["StateChangeReason"] = query.ending.reason;
    json::object statistics{{"DataScannedInBytes", 1'000 * (looks + 1)}, {"EngineExecutionTimeInMillis", 77}};
    if (!query.manifest.empty()) statistics["DataManifestLocation"] = query.manifest;
    return fine(
        {{"QueryExecution",
          json::object{
              {"QueryExecutionId", id}, {"Query", query.sql}, {"Status", status}, {"Statistics", statistics}}}});
  }

  // Two rows a page.
  static Result<FakeAnswer> rows(const Query& query, const json::object& body) {
    std::vector<std::vector<std::optional<std::string>>> all;
    all.emplace_back(query.ending.names.begin(), query.ending.names.end());
    all.insert(all.end(), query.ending.rows.begin(), query.ending.rows.end());
    const std::size_t begin = std::stoul(find_string(body, "NextToken").value_or("0"));
    const std::size_t end = std::min(all.size(), begin + 2);
    json::array page;
    for (std::size_t i = begin; i < end; ++i) {
      json::array cells;
      for (const auto& cell : all[i]) cells.push_back(cell ? json::object{{"VarCharValue", *cell}} : json::object{});
      page.push_back(json::object{{"Data", std::move(cells)}});
    }
    json::array columns;
    for (const auto& name : query.ending.names) columns.push_back(json::object{{"Name", name}});
    json::object answer{
        {"ResultSet", json::object{{"Rows", page}, {"ResultSetMetadata", json::object{{"ColumnInfo", columns}}}}}};
    if (end < all.size()) answer["NextToken"] = std::to_string(end);
    return fine(answer);
  }

  MemoryResults& results_;
  std::map<std::string, Query> queries_;
  std::map<std::string, int> counts_;
};

}  // namespace lakelift::executors::testing
