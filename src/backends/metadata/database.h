// The database of everything but content. Behind it stand SQLite (one process owns the file) and PostgreSQL.
//
//   auto name = database.read([&](Session& s) -> Result<std::string> {
//     TRY(auto row, s.row<std::string>("SELECT name FROM catalogue_items WHERE id = ?", {id}));
//     if (!row) return fail(Code::kNotFound, "no such item");
//     return std::get<0>(*row);
//   });
//
// SQL is written once for both dialects: parameters are `?`; types BIGINT, DOUBLE PRECISION, TEXT; ids and digests are
// lower-case hex, times int64 microseconds UTC, JSON is TEXT, booleans BIGINT 0/1. Races are decided by
// `INSERT … ON CONFLICT DO NOTHING RETURNING` or by the count of rows an UPDATE changed, never by catching an error.
// A folder's tables carry its name as prefix, and nobody else reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lakelift::metadata {

enum class Dialect { kSqlite, kPostgresql };

// monostate is NULL.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;
enum class CellKind { kInt, kDouble, kText };

// What may be bound to a `?`.
struct Param {
  Param(std::nullopt_t) {}
  Param(bool v) : cell(std::int64_t{v}) {}
  template <typename T>
    requires std::is_integral_v<T>
  Param(T v) : cell(static_cast<std::int64_t>(v)) {}
  Param(double v) : cell(v) {}
  Param(std::string v) : cell(std::move(v)) {}
  Param(std::string_view v) : cell(std::string(v)) {}
  Param(const char* v) : cell(std::string(v)) {}
  template <typename T>
  Param(const std::optional<T>& v) {
    if (v) cell = Param(*v).cell;
  }
  Cell cell;
};
using Params = std::vector<Param>;

namespace detail {
template <typename T>
struct CellTraits;
template <>
struct CellTraits<std::int64_t> {
  static constexpr CellKind kKind = CellKind::kInt;
};
template <>
struct CellTraits<bool> {
  static constexpr CellKind kKind = CellKind::kInt;
};
template <>
struct CellTraits<double> {
  static constexpr CellKind kKind = CellKind::kDouble;
};
template <>
struct CellTraits<std::string> {
  static constexpr CellKind kKind = CellKind::kText;
};
template <typename T>
struct CellTraits<std::optional<T>> : CellTraits<T> {};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

// A NULL where T is not optional reads as T's zero.
template <typename T>
T take(Cell& cell) {
  if constexpr (IsOptional<T>::value) {
    if (std::holds_alternative<std::monostate>(cell)) return std::nullopt;
    return take<typename T::value_type>(cell);
  } else if constexpr (std::is_same_v<T, bool>) {
    const auto* v = std::get_if<std::int64_t>(&cell);
    return v != nullptr && *v != 0;
  } else {
    auto* v = std::get_if<T>(&cell);
    return v != nullptr ? std::move(*v) : T{};
  }
}
}  // namespace detail

// One connection, inside one transaction. Not threadsafe; valid only inside the function it was given to.
class Session {
 public:
  virtual ~Session() = default;
  [[nodiscard]] virtual Dialect dialect() const = 0;
  // Rows changed.
  [[nodiscard]] virtual Result<std::int64_t> exec(std::string_view sql, const Params& params = {}) = 0;
  [[nodiscard]] virtual Result<std::vector<std::vector<Cell>>> query(std::string_view sql, const Params& params,
                                                                     const std::vector<CellKind>& kinds) = 0;

  // T: int64_t, bool, double, std::string, or std::optional of one of them; one T a column of the SELECT.
  template <typename... T>
  [[nodiscard]] Result<std::vector<std::tuple<T...>>> rows(std::string_view sql, const Params& params = {}) {
    TRY(auto cells, query(sql, params, {detail::CellTraits<T>::kKind...}));
    std::vector<std::tuple<T...>> out;
    out.reserve(cells.size());
    for (auto& row : cells) out.push_back(to_tuple<T...>(row, std::index_sequence_for<T...>{}));
    return out;
  }
  // The first row, or nothing.
  template <typename... T>
  [[nodiscard]] Result<std::optional<std::tuple<T...>>> row(std::string_view sql, const Params& params = {}) {
    TRY(auto all, rows<T...>(sql, params));
    if (all.empty()) return std::nullopt;
    return std::optional(std::move(all.front()));
  }

 private:
  template <typename... T, std::size_t... I>
  static std::tuple<T...> to_tuple(std::vector<Cell>& row, std::index_sequence<I...>) {
    return {detail::take<T>(row[I])...};
  }
};

// A session that may write. Commits when the function returns a value, rolls back when it returns an error.
class Transaction : public Session {
 public:
  // Run once, after the commit, outside the transaction (to wake those who wait).
  virtual void after_commit(std::move_only_function<void()> action) = 0;
};

// Threadsafe. Errors of the database itself: kUnavailable (away, busy too long), kNoSpace, kInternal.
class Database {
 public:
  virtual ~Database() = default;

  // A consistent snapshot; may run beside a writer.
  template <typename F>
  auto read(F&& body) -> std::invoke_result_t<F, Session&> {
    std::invoke_result_t<F, Session&> out = fail(Code::kInternal, "the transaction did not run");
    const Result<void> ran = do_read([&](Session& session) -> Result<void> {
      out = body(session);
      if (!out) return std::unexpected(out.error());
      return {};
    });
    if (!ran) return std::unexpected(ran.error());
    return out;
  }
  // Serialised with all other writers; what it acknowledged is on the disk.
  template <typename F>
  auto write(F&& body) -> std::invoke_result_t<F, Transaction&> {
    std::invoke_result_t<F, Transaction&> out = fail(Code::kInternal, "the transaction did not run");
    const Result<void> ran = do_write([&](Transaction& transaction) -> Result<void> {
      out = body(transaction);
      if (!out) return std::unexpected(out.error());
      return {};
    });
    if (!ran) return std::unexpected(ran.error());
    return out;
  }
  [[nodiscard]] virtual Dialect dialect() const = 0;
  // For /readyz: a trivial read.
  [[nodiscard]] virtual Result<void> check() = 0;
  // Before a change of the schema: keeps a copy of all there is, where the database is a file (`FILE.before-LABEL`,
  // replacing one of that name). Elsewhere copies are the operator's.
  [[nodiscard]] virtual Result<void> keep_copy(std::string_view label) {
    (void)label;
    return {};
  }

 protected:
  virtual Result<void> do_read(const std::function<Result<void>(Session&)>& body) = 0;
  virtual Result<void> do_write(const std::function<Result<void>(Transaction&)>& body) = 0;
};

}  // namespace lakelift::metadata
