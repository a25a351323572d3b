#include "backends/metadata/soci/connection.h"

#include <fmt/format.h>

#include <cmath>
#include <deque>

#include "backends/metadata/soci/cell_text.h"
#include "backends/metadata/soci/sql_text.h"
#include "base/limits.h"

namespace lakelift::metadata {
namespace {

// A place that a statement reads from or writes to; its address stays while the statement lives. `soci::row` is never
// used: it takes expressions for strings and INTEGER for 32 bits.
struct Slot {
  CellKind kind = CellKind::kText;   // as it travels
  CellKind asked = CellKind::kText;  // as the caller has it
  long long number = 0;
  double real = 0;
  std::string text;
  soci::indicator indicator = soci::i_null;

  void set(const Cell& cell) {
    indicator = std::holds_alternative<std::monostate>(cell) ? soci::i_null : soci::i_ok;
    if (kind != asked) {
      text = to_text(cell);
      return;
    }
    if (const auto* v = std::get_if<std::int64_t>(&cell)) number = *v;
    if (const auto* v = std::get_if<double>(&cell)) real = *v;
    if (const auto* v = std::get_if<std::string>(&cell)) text = *v;
  }
  [[nodiscard]] Result<Cell> get() const {
    if (indicator == soci::i_null) return std::monostate{};
    if (kind != asked) return from_text(asked, text);
    switch (kind) {
      case CellKind::kInt:
        return static_cast<std::int64_t>(number);
      case CellKind::kDouble:
        return real;
      case CellKind::kText:
        return text;
    }
    return std::monostate{};
  }
};

CellKind kind_of(const Cell& cell) {
  if (std::holds_alternative<std::int64_t>(cell)) return CellKind::kInt;
  if (std::holds_alternative<double>(cell)) return CellKind::kDouble;
  return CellKind::kText;
}

char letter(CellKind kind) { return kind == CellKind::kInt ? 'i' : kind == CellKind::kDouble ? 'd' : 't'; }

std::string cache_key(std::string_view sql, const Params& params, const std::vector<CellKind>& kinds) {
  std::string key;
  for (const Param& param : params) key += letter(kind_of(param.cell));
  key += '>';
  for (const CellKind kind : kinds) key += letter(kind);
  key += ' ';
  key += sql;
  return key;
}

void add_slot(std::deque<Slot>& slots, CellKind asked, bool as_text) {
  Slot& slot = slots.emplace_back();
  slot.asked = asked;
  slot.kind = as_text ? CellKind::kText : asked;
}

void bind(soci::statement& statement, Slot& slot) {
  switch (slot.kind) {
    case CellKind::kInt:
      return statement.exchange(soci::use(slot.number, slot.indicator));
    case CellKind::kDouble:
      return statement.exchange(soci::use(slot.real, slot.indicator));
    case CellKind::kText:
      return statement.exchange(soci::use(slot.text, slot.indicator));
  }
}

void receive(soci::statement& statement, Slot& slot) {
  switch (slot.kind) {
    case CellKind::kInt:
      return statement.exchange(soci::into(slot.number, slot.indicator));
    case CellKind::kDouble:
      return statement.exchange(soci::into(slot.real, slot.indicator));
    case CellKind::kText:
      return statement.exchange(soci::into(slot.text, slot.indicator));
  }
}

}  // namespace

struct Connection::Prepared {
  explicit Prepared(soci::session& session) : statement(session) {}
  std::string key;
  std::deque<Slot> in;
  std::deque<Slot> out;
  soci::statement statement;  // last: it points into the slots
};

Connection::Connection(const Engine& engine, std::unique_ptr<soci::session> session)
    : engine_(engine), session_(std::move(session)) {}

Connection::~Connection() {
  by_key_.clear();
  prepared_.clear();  // statements go before their session
}

template <typename F>
auto Connection::guarded(F&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& caught) {
    Failure failure = engine_.explain(caught);
    disk_failed_ |= failure.disk_failed;
    line_lost_ |= failure.line_lost;
    has_failed_ = true;
    return std::unexpected(std::move(failure.error));
  }
}

Result<Connection::Prepared*> Connection::prepare(std::string_view sql, const Params& params,
                                                  const std::vector<CellKind>& kinds) {
  std::string key = cache_key(sql, params, kinds);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    prepared_.splice(prepared_.begin(), prepared_, found->second);
    return prepared_.front().get();
  }
  const NamedSql named = with_named_parameters(sql);
  if (named.parameters != static_cast<int>(params.size())) {
    return fail(Code::kInternal,
                fmt::format("a statement has {} parameters and got {}", named.parameters, params.size()));
  }
  auto fresh = std::make_unique<Prepared>(*session_);
  for (const Param& param : params) add_slot(fresh->in, kind_of(param.cell), engine_.speaks_text());
  for (const CellKind kind : kinds) add_slot(fresh->out, kind, engine_.speaks_text());
  for (Slot& slot : fresh->in) bind(fresh->statement, slot);
  for (Slot& slot : fresh->out) receive(fresh->statement, slot);
  fresh->statement.alloc();
  fresh->statement.prepare(named.text);
  fresh->statement.define_and_bind();
  fresh->key = key;
  if (prepared_.size() >= limits::kPreparedStatements) forget(prepared_.back().get());
  prepared_.push_front(std::move(fresh));
  by_key_.emplace(std::move(key), prepared_.begin());
  return prepared_.front().get();
}

void Connection::forget(Prepared* prepared) {
  const auto found = by_key_.find(prepared->key);
  if (found == by_key_.end()) return;
  const auto place = found->second;
  by_key_.erase(found);
  prepared_.erase(place);
}

namespace {

Result<void> fill(std::deque<Slot>& slots, const Params& params) {
  for (std::size_t i = 0; i < params.size(); ++i) {
    slots[i].set(params[i].cell);
    const auto* text = std::get_if<std::string>(&params[i].cell);
    // PostgreSQL has no such text; what one database takes and the other does not is taken by none.
    if (text != nullptr && text->find('\0') != std::string::npos) {
      return fail(Code::kInvalid, "text must not contain the character NUL");
    }
    // SQLite makes NULL of it.
    const auto* real = std::get_if<double>(&params[i].cell);
    if (real != nullptr && std::isnan(*real)) return fail(Code::kInvalid, "a number must not be NaN");
  }
  return {};
}

}  // namespace

Result<std::int64_t> Connection::exec(std::string_view sql, const Params& params) {
  Prepared* prepared = nullptr;
  auto changed = guarded([&]() -> Result<std::int64_t> {
    TRY(prepared, prepare(sql, params, {}));
    TRY_VOID(fill(prepared->in, params));
    prepared->statement.execute(true);
    return engine_.finish(prepared->statement);
  });
  if (!changed && prepared != nullptr) forget(prepared);
  return changed;
}

Result<std::vector<std::vector<Cell>>> Connection::query(std::string_view sql, const Params& params,
                                                         const std::vector<CellKind>& kinds) {
  Prepared* prepared = nullptr;
  auto rows = guarded([&]() -> Result<std::vector<std::vector<Cell>>> {
    TRY(prepared, prepare(sql, params, kinds));
    TRY_VOID(fill(prepared->in, params));
    std::vector<std::vector<Cell>> out;
    for (bool got = prepared->statement.execute(true); got; got = prepared->statement.fetch()) {
      std::vector<Cell>& row = out.emplace_back();
      row.reserve(prepared->out.size());
      for (const Slot& slot : prepared->out) {
        TRY(Cell cell, slot.get());
        row.push_back(std::move(cell));
      }
    }
    engine_.finish(prepared->statement);
    return out;
  });
  if (!rows && prepared != nullptr) forget(prepared);
  return rows;
}

Result<void> Connection::run(const std::string& sql) {
  return guarded([&]() -> Result<void> {
    *session_ << sql;
    return {};
  });
}

Result<std::int64_t> SociSession::exec(std::string_view sql, const Params& params) {
  if (failed_) return std::unexpected(*failed_);
  return remember(connection_.exec(sql, params));
}

Result<std::vector<std::vector<Cell>>> SociSession::query(std::string_view sql, const Params& params,
                                                          const std::vector<CellKind>& kinds) {
  if (failed_) return std::unexpected(*failed_);
  return remember(connection_.query(sql, params, kinds));
}

}  // namespace lakelift::metadata
