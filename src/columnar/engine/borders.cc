#include "columnar/engine/borders.h"

#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "columnar/engine/cell_view.h"
#include "columnar/engine/statistics_bounds.h"

namespace lakelift::columnar {
namespace {

using Slot = Borders::Slot;
constexpr Wide kNanosPerSecond = 1'000'000'000;

Wide moment_of(const table::Datetime& at) { return static_cast<Wide>(at.seconds) * kNanosPerSecond + at.nanos; }

// Nanoseconds in a stored count of a DATETIME column; 1 for other whole numbers.
Wide unit_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::DATE32:
      return 86'400 * kNanosPerSecond;
    case arrow::Type::DATE64:
      return nanos_of(arrow::TimeUnit::MILLI);
    case arrow::Type::TIMESTAMP:
      return nanos_of(static_cast<const arrow::TimestampType&>(type).unit());
    default:
      return 1;
  }
}

// Of a whole number, a boolean or a moment.
std::optional<Wide> whole_of(const table::Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* at = std::get_if<table::Datetime>(&value)) return moment_of(*at);
  return std::nullopt;
}

std::optional<double> number_of(const table::Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::nullopt;
}

// NaN is above every border.
template <typename T, typename Cell>
Slot find_slot(const std::vector<T>& sorted, const Cell& cell) {
  if constexpr (std::is_same_v<T, double>) {
    if (std::isnan(cell)) return static_cast<Slot>(sorted.size() + 1);
  }
  const auto above = std::upper_bound(sorted.begin(), sorted.end(), cell);
  return static_cast<Slot>(above - sorted.begin() + 1);
}

template <typename At>
void for_cells(const arrow::Array& array, std::span<Slot> out, At at) {
  const bool nulls = array.null_count() != 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    out[i] = nulls && array.IsNull(row) ? Borders::kNull : at(row);
  }
}

template <typename T>
void whole_slots(const std::vector<Wide>& sorted, const arrow::Array& array, std::span<Slot> out) {
  const T* values = array.data()->GetValues<T>(1);
  const Wide unit = unit_of(*array.type());
  for_cells(array, out, [&](std::int64_t row) { return find_slot(sorted, static_cast<Wide>(values[row]) * unit); });
}

void any_whole_slots(const std::vector<Wide>& sorted, const arrow::Array& array, std::span<Slot> out) {
  switch (array.type_id()) {
    case arrow::Type::BOOL: {
      const auto& flags = static_cast<const arrow::BooleanArray&>(array);
      return for_cells(array, out, [&](std::int64_t row) { return find_slot(sorted, Wide{flags.Value(row) ? 1 : 0}); });
    }
    case arrow::Type::INT8:
      return whole_slots<std::int8_t>(sorted, array, out);
    case arrow::Type::INT16:
      return whole_slots<std::int16_t>(sorted, array, out);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      return whole_slots<std::int32_t>(sorted, array, out);
    case arrow::Type::UINT8:
      return whole_slots<std::uint8_t>(sorted, array, out);
    case arrow::Type::UINT16:
      return whole_slots<std::uint16_t>(sorted, array, out);
    case arrow::Type::UINT32:
      return whole_slots<std::uint32_t>(sorted, array, out);
    case arrow::Type::UINT64:
      return whole_slots<std::uint64_t>(sorted, array, out);
    default:
      return whole_slots<std::int64_t>(sorted, array, out);
  }
}

template <typename T, typename Of>
Result<std::vector<T>> sorted_of(const std::vector<table::Value>& literals, const SourceColumn& column, Of of) {
  std::vector<T> sorted;
  for (const auto& literal : literals) {
    auto value = of(literal);
    if (!value) {
      return fail(Code::kInvalid, "a range of '" + column.name + "' needs values of the type " +
                                      std::string(table::name_of(column.type)));
    }
    sorted.push_back(*std::move(value));
  }
  std::ranges::sort(sorted);
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

}  // namespace

Result<Borders> Borders::of(const std::vector<table::Value>& literals, const SourceColumn& column) {
  using table::ColumnType;
  if (column.type == ColumnType::kFloat) {
    TRY(auto sorted, sorted_of<double>(literals, column, [](const table::Value& value) {
          const auto number = number_of(value);
          return number && !std::isnan(*number) ? number : std::nullopt;
        }));
    return Borders(std::move(sorted));
  }
  if (column.type == ColumnType::kString) {
    TRY(auto sorted, sorted_of<std::string>(literals, column, [](const table::Value& value) {
          const auto* text = std::get_if<std::string>(&value);
          return text == nullptr ? std::nullopt : std::optional(*text);
        }));
    return Borders(std::move(sorted));
  }
  TRY(auto sorted, sorted_of<Wide>(literals, column, [&](const table::Value& value) {
        const bool fits = column.type == ColumnType::kInteger   ? std::holds_alternative<std::int64_t>(value)
                          : column.type == ColumnType::kBoolean ? std::holds_alternative<bool>(value)
                                                                : std::holds_alternative<table::Datetime>(value);
        return fits ? whole_of(value) : std::nullopt;
      }));
  return Borders(std::move(sorted));
}

std::size_t Borders::count() const {
  return std::visit([](const auto& sorted) { return sorted.size(); }, sorted_);
}

Borders::Slot Borders::slot_of(const table::Value& value) const {
  if (table::is_null(value)) return kNull;
  if (const auto* sorted = std::get_if<std::vector<double>>(&sorted_)) return find_slot(*sorted, *number_of(value));
  if (const auto* sorted = std::get_if<Texts>(&sorted_)) return find_slot(*sorted, std::get<std::string>(value));
  return find_slot(std::get<std::vector<Wide>>(sorted_), *whole_of(value));
}

void Borders::slots_of(const arrow::Array& array, std::span<Slot> out) const {
  if (array.type_id() == arrow::Type::DICTIONARY) {
    return dictionary_slots(static_cast<const arrow::DictionaryArray&>(array), out);
  }
  if (const auto* sorted = std::get_if<std::vector<double>>(&sorted_)) {
    return for_cells(array, out, [&](std::int64_t row) { return find_slot(*sorted, number_at(array, row)); });
  }
  if (const auto* sorted = std::get_if<Texts>(&sorted_)) {
    return for_cells(array, out, [&](std::int64_t row) { return find_slot(*sorted, text_at(array, row)); });
  }
  any_whole_slots(std::get<std::vector<Wide>>(sorted_), array, out);
}

// Each entry that occurs is looked for once.
void Borders::dictionary_slots(const arrow::DictionaryArray& array, std::span<Slot> out) const {
  constexpr Slot kUnknown = std::numeric_limits<Slot>::max();
  const arrow::Array& entries = *array.dictionary();
  std::vector<Slot> known(static_cast<std::size_t>(entries.length()), kUnknown);
  const auto& sorted = std::get<Texts>(sorted_);
  for_cells(array, out, [&](std::int64_t row) {
    const std::int64_t entry = array.GetValueIndex(row);
    Slot& slot = known[static_cast<std::size_t>(entry)];
    if (slot == kUnknown) slot = entries.IsNull(entry) ? kNull : find_slot(sorted, text_at(entries, entry));
    return slot;
  });
}

Borders::Span Borders::span_of(const parquet::Statistics* statistics, const arrow::DataType& stored) const {
  const auto last = static_cast<Slot>(count() + 1);
  const Span all{1, last};
  if (statistics == nullptr) return all;
  const arrow::DataType& type = value_type_of(stored);
  if (const auto* sorted = std::get_if<std::vector<double>>(&sorted_)) {
    // NaN, of which statistics say nothing, has the last slot.
    const auto bounds = float_bounds(*statistics, type.id());
    return bounds ? Span{find_slot(*sorted, bounds->low), last} : all;
  }
  if (const auto* sorted = std::get_if<Texts>(&sorted_)) {
    const auto bounds = text_bounds(*statistics);
    return bounds ? Span{find_slot(*sorted, bounds->low), find_slot(*sorted, bounds->high)} : all;
  }
  const auto& sorted = std::get<std::vector<Wide>>(sorted_);
  const auto bounds = whole_bounds(*statistics, type.id());
  const Wide unit = unit_of(type);
  return bounds ? Span{find_slot(sorted, bounds->low * unit), find_slot(sorted, bounds->high * unit)} : all;
}

}  // namespace lakelift::columnar
