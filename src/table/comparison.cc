#include "table/comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "table/validation.h"

namespace lakelift::table {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kOperatorCharacters = "<>=!";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::unexpected<Error> refuse(std::string_view reason) {
  return fail(Code::kInvalid,
              fmt::format("{} A comparison is COLUMN OPERATOR VALUE, such as: dep_delay >= 15", reason));
}

// Takes a quoted text off the front of `rest`; the quote itself is written twice inside it.
Result<std::string> take_quoted(std::string_view& rest) {
  const char quote = rest.front();
  std::string text;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] != quote) {
      text.push_back(rest[i]);
    } else if (i + 1 < rest.size() && rest[i + 1] == quote) {
      text.push_back(quote);
      ++i;
    } else {
      rest.remove_prefix(i + 1);
      return text;
    }
  }
  return refuse(fmt::format("The quote {} is not closed.", quote));
}

Result<std::string> take_column(std::string_view& rest) {
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '`')) {
    TRY(std::string name, take_quoted(rest));
    rest = trimmed(rest);
    return name;
  }
  const auto end = std::min(rest.find_first_of(kOperatorCharacters), rest.size());
  std::string name(trimmed(rest.substr(0, end)));
  rest.remove_prefix(end);
  if (name.empty()) return refuse("The name of the column is missing.");
  return name;
}

// All operator characters that stand together are one operator, so that "=>" is refused and not read as "=" and ">".
Result<Operator> take_operator(std::string_view& rest) {
  const auto end = std::min(rest.find_first_not_of(kOperatorCharacters), rest.size());
  std::string_view symbol = rest.substr(0, end);
  rest = trimmed(rest.substr(end));
  if (symbol.empty()) return refuse("The operator is missing: one of > >= < <= = !=.");
  if (symbol == "==") symbol = "=";
  if (symbol == "<>") symbol = "!=";
  const auto op = operator_of(symbol);
  if (!op) return refuse(fmt::format("Unknown operator '{}': expected one of > >= < <= = !=.", symbol.substr(0, 10)));
  return *op;
}

Result<std::string> take_value(std::string_view rest) {
  if (rest.empty()) return refuse("The value is missing; '' is the empty text.");
  if (rest.front() == '\'' || rest.front() == '"') {
    TRY(std::string text, take_quoted(rest));
    if (!trimmed(rest).empty()) return refuse("Something follows the closing quote of the value.");
    return text;
  }
  if (rest.find_first_of(kSpaces) != std::string_view::npos) {
    return refuse("A value with spaces needs quotes: 'New York'.");
  }
  if (kOperatorCharacters.find(rest.front()) != std::string_view::npos) {
    return refuse("A value that begins with < > = or ! needs quotes.");
  }
  return std::string(rest);
}

std::string quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) quoted.append(c == quote ? 2 : 1, c);
  return quoted + quote;
}

std::string name_text(std::string_view name) {
  const bool is_plain = !name.empty() && trimmed(name) == name && name.front() != '"' && name.front() != '`' &&
                        name.find_first_of(kOperatorCharacters) == std::string_view::npos;
  const std::string shown = shortened(name);
  return is_plain ? shown : quoted(shown, '"');
}

std::string literal_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(shortened(*text), '\'');
  if (const auto* at = std::get_if<Datetime>(&value)) {
    const std::string text = format_datetime(*at);
    return text.ends_with("T00:00:00") ? text.substr(0, text.find('T')) : text;
  }
  return "null";
}

}  // namespace

std::string comparison_text(const Filter& filter) {
  return fmt::format("{} {} {}", name_text(filter.name), symbol_of(filter.op), literal_text(filter.value));
}

Result<Filter> parse_comparison(std::string_view text, const Columns& table) {
  std::string_view rest = trimmed(text);
  TRY(const std::string name, take_column(rest));
  const Column* column = find_column(table, name);
  if (column == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& one : table) known.emplace_back(one.name);
    return fail(Code::kInvalid, unknown_name_text("column", name, known));
  }
  TRY(const Operator op, take_operator(rest));
  const auto allowed = operators_of(column->type);
  if (std::ranges::find(allowed, op) == allowed.end()) {
    return fail(Code::kInvalid, fmt::format("The operator {} does not fit the {} column '{}': expected one of {}.",
                                            symbol_of(op), name_of(column->type), name, symbols_of(allowed)));
  }
  TRY(const std::string literal, take_value(rest));
  auto value = checked_literal(value_from_text(literal, column->type));
  if (!value) return fail(Code::kInvalid, fmt::format("The column '{}': {}", name, value.error().message));
  return Filter{name, op, *std::move(value)};
}

}  // namespace lakelift::table
