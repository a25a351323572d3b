#include "backends/executors/sql/query.h"

#include <fmt/format.h>

#include <cmath>

#include "base/encoding.h"

namespace lakelift::executors::sql {
namespace {

using table::ColumnType;
using table::Datetime;
using table::Operator;
using table::Value;

std::unexpected<Error> refuse(std::string text) { return fail(Code::kInvalid, "", text, {{"spec", {text}}}); }

bool is_of(const Value& value, ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return std::holds_alternative<std::int64_t>(value);
    case ColumnType::kFloat:
      return std::holds_alternative<double>(value) && !std::isnan(std::get<double>(value));
    case ColumnType::kString:
      return std::holds_alternative<std::string>(value) && is_valid_utf8(std::get<std::string>(value));
    case ColumnType::kBoolean:
      return std::holds_alternative<bool>(value);
    case ColumnType::kDatetime:
      return std::holds_alternative<Datetime>(value);
  }
  return false;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

// Of one query in one dialect.
class Writer {
 public:
  Writer(const SliceQuery& query, Dialect dialect) : query_(query), dialect_(dialect) {}

  Result<std::string> text() const {
    if (query_.slice.columns.empty()) return refuse("a slice needs at least one column");
    if (!(query_.slice.ratio >= 0 && query_.slice.ratio <= 1)) return refuse("the ratio must be from 0 to 1");
    std::vector<std::string> columns;
    for (const auto& name : query_.slice.columns) {
      TRY(std::string quoted, name_of_column(name));
      columns.push_back(std::move(quoted));
    }
    TRY(const std::vector<std::string> conditions, conditions_of_query());
    return fmt::format("SELECT {} FROM {}{}{}", joined(columns, ", "), quoted_name(query_.table, dialect_),
                       conditions.empty() ? "" : " WHERE ", joined(conditions, " AND "));
  }

 private:
  Result<std::vector<std::string>> conditions_of_query() const {
    std::vector<std::string> conditions;
    for (const auto& filter : query_.slice.filters) {
      TRY(std::string condition, comparison(filter.name, filter.op, filter.value));
      conditions.push_back(std::move(condition));
    }
    if (query_.within) {
      TRY(std::string condition, region(*query_.within));
      conditions.push_back(std::move(condition));
    }
    if (query_.slice.ratio == 0) conditions.emplace_back("FALSE");
    if (query_.slice.ratio > 0 && query_.slice.ratio < 1) {
      conditions.push_back("rand() < " + literal_of(Value(query_.slice.ratio), dialect_));
    }
    return conditions;
  }

  Result<const table::Column*> column(const std::string& name) const {
    const table::Column* found = table::find_column(query_.spec, name);
    if (found == nullptr) return refuse(fmt::format("the table has no column '{}'", name));
    if (!is_valid_utf8(name)) return refuse("a column's name is not UTF-8");
    // Spark replaces what looks so before it reads the SQL, in quotes too.
    if (dialect_ == Dialect::kSpark && name.contains("${")) {
      return refuse(fmt::format("Spark can't read the column '{}': its name has \"${{\" in it", name));
    }
    return found;
  }

  Result<std::string> name_of_column(const std::string& name) const {
    TRY_VOID(column(name));
    return quoted_name(name, dialect_);
  }

  // `below_nan`: what else must hold rules NaN out, so that it need not be named, and bounds reach the files'
  // statistics.
  Result<std::string> comparison(const std::string& name, Operator op, const Value& value,
                                 bool below_nan = false) const {
    TRY(const table::Column* const found, column(name));
    if (!is_of(value, found->type)) {
      return refuse(
          fmt::format("the column '{}' is compared with a value that is not {}", name, table::name_of(found->type)));
    }
    if (found->type == ColumnType::kBoolean && op != Operator::kEqual && op != Operator::kNotEqual) {
      return refuse(fmt::format("the column '{}' is BOOLEAN: it has only = and !=", name));
    }
    const std::string quoted = quoted_name(name, dialect_);
    if (dialect_ == Dialect::kSpark) {
      const auto* at = std::get_if<Datetime>(&value);
      if (at != nullptr && at->nanos % 1'000 != 0) return between_microseconds(quoted, op, value);
    }
    const std::string text = fmt::format("{} {} {}", quoted, symbol(op), literal_of(value, dialect_));
    // Trino has NaN beside all numbers; ours is above them (PostgreSQL's and Spark's order).
    const bool passes_nan = op == Operator::kGreater || op == Operator::kGreaterEqual;
    if (dialect_ == Dialect::kTrino && found->type == ColumnType::kFloat && passes_nan && !below_nan) {
      return fmt::format("({} OR is_nan({}))", text, quoted);
    }
    return text;
  }

  // Spark's times are whole microseconds: one that lies between two is equal to none, and above what it is cut to.
  std::string between_microseconds(const std::string& quoted, Operator op, const Value& value) const {
    switch (op) {
      case Operator::kEqual:
        return "FALSE";
      case Operator::kNotEqual:
        return quoted + " IS NOT NULL";
      case Operator::kGreater:
      case Operator::kGreaterEqual:
        return fmt::format("{} > {}", quoted, literal_of(value, dialect_));
      case Operator::kLess:
      case Operator::kLessEqual:
        return fmt::format("{} <= {}", quoted, literal_of(value, dialect_));
    }
    return "FALSE";
  }

  static std::string_view symbol(Operator op) { return op == Operator::kNotEqual ? "<>" : table::symbol_of(op); }

  Result<std::string> region(const table::Region& boxes) const {
    if (boxes.empty()) return "FALSE";
    std::vector<std::string> texts;
    for (const auto& one : boxes) {
      TRY(std::string text, box(one));
      texts.push_back(std::move(text));
    }
    return texts.size() == 1 ? texts.front() : "(" + joined(texts, " OR ") + ")";
  }

  Result<std::string> box(const table::Box& ranges) const {
    std::vector<std::string> texts;
    for (const auto& one : ranges) {
      TRY(std::string text, range(one));
      if (!text.empty()) texts.push_back(std::move(text));
    }
    if (texts.empty()) return "TRUE";
    return texts.size() == 1 ? texts.front() : "(" + joined(texts, " AND ") + ")";
  }

  // Empty: every value lies in it.
  Result<std::string> range(const table::Range& range) const {
    TRY(const std::string quoted, name_of_column(range.column));
    std::vector<std::string> bounds;
    if (range.minimum) {
      TRY(std::string bound,
          comparison(range.column, Operator::kGreaterEqual, *range.minimum, range.maximum.has_value()));
      bounds.push_back(std::move(bound));
    }
    if (range.maximum) {
      TRY(std::string bound, comparison(range.column, Operator::kLess, *range.maximum));
      bounds.push_back(std::move(bound));
    }
    if (bounds.empty()) return range.with_nulls ? "" : quoted + " IS NOT NULL";
    std::string text = joined(bounds, " AND ");
    if (!range.with_nulls) return bounds.size() == 1 ? text : "(" + text + ")";
    if (bounds.size() > 1) text = "(" + text + ")";
    return fmt::format("({} OR {} IS NULL)", text, quoted);
  }

  const SliceQuery& query_;
  const Dialect dialect_;
};

}  // namespace

Result<std::string> to_sql(const SliceQuery& query, Dialect dialect) { return Writer(query, dialect).text(); }

}  // namespace lakelift::executors::sql
