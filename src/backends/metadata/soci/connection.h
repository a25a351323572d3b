// One SOCI connection with its prepared statements. What differs between databases stands behind Engine, so that a
// second one is a second Engine and a second Database class; this file stays as it is.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/metadata/database.h"
#include "base/log.h"

namespace lakelift::metadata {

struct Failure {
  Error error;
  bool disk_failed = false;  // reading or writing the disk went wrong: nothing more may be acknowledged
  bool line_lost = false;    // the server behind the connection is out of reach
};

// A database's own ways. Threadsafe.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;
  [[nodiscard]] virtual Failure explain(const std::exception& caught) const = 0;
  // Ends a statement that may have rows left, so that the transaction can be ended. Returns the rows it changed.
  virtual std::int64_t finish(soci::statement& statement) const = 0;
  // Whether values travel as text, which SOCI is not to translate: its own ways with doubles and booleans differ.
  [[nodiscard]] virtual bool speaks_text() const { return false; }
};

// Not threadsafe: one thread at a time.
class Connection {
 public:
  Connection(const Engine& engine, std::unique_ptr<soci::session> session);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] Dialect dialect() const { return engine_.dialect(); }
  [[nodiscard]] Result<std::int64_t> exec(std::string_view sql, const Params& params);
  [[nodiscard]] Result<std::vector<std::vector<Cell>>> query(std::string_view sql, const Params& params,
                                                             const std::vector<CellKind>& kinds);
  // Not prepared, not kept: BEGIN, COMMIT, PRAGMA.
  [[nodiscard]] Result<void> run(const std::string& sql);
  [[nodiscard]] bool disk_failed() const { return disk_failed_; }
  [[nodiscard]] bool line_lost() const { return line_lost_; }
  // Whether the database itself ever refused something here.
  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] soci::session& session() { return *session_; }
  [[nodiscard]] std::size_t prepared_statements() const { return prepared_.size(); }

 private:
  struct Prepared;

  template <typename F>
  auto guarded(F&& body) -> decltype(body());
  Result<Prepared*> prepare(std::string_view sql, const Params& params, const std::vector<CellKind>& kinds);
  void forget(Prepared* prepared);

  const Engine& engine_;
  std::unique_ptr<soci::session> session_;
  bool disk_failed_ = false;
  bool line_lost_ = false;
  bool has_failed_ = false;
  std::list<std::unique_ptr<Prepared>> prepared_;  // most recently used first
  std::unordered_map<std::string, std::list<std::unique_ptr<Prepared>>::iterator> by_key_;
};

// What a function gets to work with. After a statement failed, the rest fails too and nothing is committed: databases
// disagree on what is left of such a transaction.
class SociSession : public Transaction {
 public:
  explicit SociSession(Connection& connection) : connection_(connection) {}
  [[nodiscard]] Dialect dialect() const override { return connection_.dialect(); }
  [[nodiscard]] Result<std::int64_t> exec(std::string_view sql, const Params& params) override;
  [[nodiscard]] Result<std::vector<std::vector<Cell>>> query(std::string_view sql, const Params& params,
                                                             const std::vector<CellKind>& kinds) override;
  void after_commit(std::move_only_function<void()> action) override { actions_.push_back(std::move(action)); }

  // Runs the function; what a failed statement or an exception left is an error, whatever the function says.
  template <typename F>
  [[nodiscard]] Result<void> run(F&& body) {
    Result<void> ran = fail(Code::kInternal, "the transaction was left by an exception");
    try {
      ran = body(*this);
    } catch (const std::exception& caught) {
      log_error("an exception left a transaction", {{"what", caught.what()}});
    }
    if (ran && failed_) return std::unexpected(*failed_);
    return ran;
  }
  [[nodiscard]] const std::optional<Error>& failed() const { return failed_; }
  [[nodiscard]] std::vector<std::move_only_function<void()>> take_actions() { return std::move(actions_); }

 private:
  template <typename T>
  Result<T> remember(Result<T> result) {
    if (!result) failed_ = result.error();
    return result;
  }

  Connection& connection_;
  std::optional<Error> failed_;
  std::vector<std::move_only_function<void()>> actions_;
};

}  // namespace lakelift::metadata
