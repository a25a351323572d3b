#include "columnar/engine/array_checks.h"

#include <arrow/util/utf8.h>

#include <string>

namespace lakelift::columnar {
namespace {

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

// The whole buffer at once: it is UTF-8, and no cell begins inside a character.
template <typename ArrayType>
bool offsets_utf8(const ArrayType& array) {
  if (array.length() == 0) return true;
  const auto first = array.value_offset(0);
  const auto last = array.value_offset(array.length());
  if (last == first) return true;
  const std::uint8_t* data = array.value_data()->data();
  const auto size = static_cast<std::size_t>(last - first);
  if (!is_utf8({reinterpret_cast<const char*>(data) + first, size})) return false;
  for (std::int64_t i = 1; i < array.length(); ++i) {
    const auto at = array.value_offset(i);
    if (at < last && is_continuation(data[at])) return false;
  }
  return true;
}

bool views_utf8(const arrow::StringViewArray& array) {
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i) && !is_utf8(array.GetView(i))) return false;
  }
  return true;
}

template <typename Index>
bool within(const arrow::Array& indices, std::int64_t size) {
  const Index* values = indices.data()->GetValues<Index>(1);
  const bool has_nulls = indices.null_count() != 0;
  for (std::int64_t i = 0; i < indices.length(); ++i) {
    const bool inside = static_cast<std::uint64_t>(values[i]) < static_cast<std::uint64_t>(size);
    if (!inside && !(has_nulls && indices.IsNull(i))) return false;
  }
  return true;
}

bool indices_within(const arrow::Array& indices, std::int64_t size) {
  switch (indices.type_id()) {
    case arrow::Type::INT8:
      return within<std::int8_t>(indices, size);
    case arrow::Type::UINT8:
      return within<std::uint8_t>(indices, size);
    case arrow::Type::INT16:
      return within<std::int16_t>(indices, size);
    case arrow::Type::UINT16:
      return within<std::uint16_t>(indices, size);
    case arrow::Type::INT32:
      return within<std::int32_t>(indices, size);
    case arrow::Type::UINT32:
      return within<std::uint32_t>(indices, size);
    case arrow::Type::UINT64:
      return within<std::uint64_t>(indices, size);
    default:
      return within<std::int64_t>(indices, size);
  }
}

bool texts_utf8(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return offsets_utf8(static_cast<const arrow::StringArray&>(array));
    case arrow::Type::LARGE_STRING:
      return offsets_utf8(static_cast<const arrow::LargeStringArray&>(array));
    case arrow::Type::STRING_VIEW:
      return views_utf8(static_cast<const arrow::StringViewArray&>(array));
    default:
      return true;
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  // Without its tables Arrow takes everything for valid.
  static const bool ready = (arrow::util::InitializeUTF8(), true);
  return ready && arrow::util::ValidateUTF8(text);
}

Result<void> check_array(const arrow::Array& array, std::string_view where) {
  const arrow::Array* values = &array;
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    values = dictionary.dictionary().get();
    if (!indices_within(*dictionary.indices(), values->length())) {
      return fail(Code::kCorrupt, std::string(where) + ": a cell points outside of its dictionary");
    }
  }
  if (!texts_utf8(*values)) return fail(Code::kCorrupt, std::string(where) + ": a text is not valid UTF-8");
  return {};
}

}  // namespace lakelift::columnar
