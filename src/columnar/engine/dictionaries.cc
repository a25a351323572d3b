#include "columnar/engine/dictionaries.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/data.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "columnar/engine/arrow_errors.h"
#include "columnar/engine/cell_view.h"
#include "columnar/engine/conform.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kAlwaysKept = 1024;  // entries; with more than half as many as rows a dictionary does not pay

bool is_dictionary(const ArrayPtr& array) { return array->type_id() == arrow::Type::DICTIONARY; }

const arrow::DictionaryArray& as_dictionary(const ArrayPtr& array) {
  return static_cast<const arrow::DictionaryArray&>(*array);
}

// Numbers the entries in the order of first use. Views stay valid while the arrays live.
class Merger {
 public:
  // New indices for the array.
  arrow::Result<ArrayPtr> add(const arrow::DictionaryArray& array) {
    std::vector<std::int32_t> renumbered(static_cast<std::size_t>(array.dictionary()->length()), -1);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(array.length() * static_cast<std::int64_t>(sizeof(std::int32_t))));
    auto* out = reinterpret_cast<std::int32_t*>(buffer->mutable_data());
    const bool fast = array.indices()->type_id() == arrow::Type::INT32;
    const auto* raw = fast ? array.indices()->data()->GetValues<std::int32_t>(1) : nullptr;
    const bool nulls = array.null_count() != 0;
    for (std::int64_t row = 0; row < array.length(); ++row) {
      if (nulls && array.IsNull(row)) {
        out[row] = 0;
        continue;
      }
      const auto old = static_cast<std::size_t>(fast ? raw[row] : array.GetValueIndex(row));
      if (renumbered[old] < 0)
        renumbered[old] = number_of(text_at(*array.dictionary(), static_cast<std::int64_t>(old)));
      out[row] = renumbered[old];
    }
    return indices(array, std::move(buffer));
  }

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }

  template <typename Builder>
  arrow::Result<ArrayPtr> dictionary() const {
    Builder builder;
    for (const auto entry : entries_) ARROW_RETURN_NOT_OK(builder.Append(entry));
    return builder.Finish();
  }

 private:
  std::int32_t number_of(std::string_view text) {
    const auto [found, is_new] = numbers_.try_emplace(text, static_cast<std::int32_t>(entries_.size()));
    if (is_new) entries_.push_back(text);
    return found->second;
  }

  static arrow::Result<ArrayPtr> indices(const arrow::DictionaryArray& array, std::shared_ptr<arrow::Buffer> values) {
    std::shared_ptr<arrow::Buffer> bitmap;
    if (array.null_count() != 0) {
      ARROW_ASSIGN_OR_RAISE(bitmap, arrow::AllocateEmptyBitmap(array.length()));
      for (std::int64_t row = 0; row < array.length(); ++row) {
        if (array.IsValid(row)) arrow::bit_util::SetBit(bitmap->mutable_data(), row);
      }
    }
    return arrow::MakeArray(
        arrow::ArrayData::Make(arrow::int32(), array.length(), {bitmap, std::move(values)}, array.null_count()));
  }

  std::unordered_map<std::string_view, std::int32_t> numbers_;
  std::vector<std::string_view> entries_;
};

Result<std::vector<ArrayPtr>> all_plain(std::vector<ArrayPtr> arrays) {
  for (auto& array : arrays) {
    TRY(array, without_dictionary(array));
  }
  return arrays;
}

Result<ArrayPtr> dictionary_of(const Merger& merger, arrow::Type::type id) {
  constexpr std::string_view kWhere = "merging dictionaries";
  if (id == arrow::Type::LARGE_STRING) return checked(merger.dictionary<arrow::LargeStringBuilder>(), kWhere);
  return checked(merger.dictionary<arrow::StringBuilder>(), kWhere);
}

}  // namespace

Result<std::vector<ArrayPtr>> merge_dictionaries(std::vector<ArrayPtr> arrays) {
  if (std::none_of(arrays.begin(), arrays.end(), is_dictionary)) return arrays;
  if (!std::all_of(arrays.begin(), arrays.end(), is_dictionary)) return all_plain(std::move(arrays));
  Merger merger;
  std::vector<ArrayPtr> indices;
  std::int64_t rows = 0;
  for (const auto& array : arrays) {
    TRY(auto renumbered, checked(merger.add(as_dictionary(array)), "merging dictionaries"));
    indices.push_back(std::move(renumbered));
    rows += array->length();
  }
  if (merger.size() > std::max(kAlwaysKept, rows / 2)) return all_plain(std::move(arrays));
  const auto value_type = as_dictionary(arrays.front()).dictionary()->type();
  TRY(const ArrayPtr dictionary, dictionary_of(merger, value_type->id()));
  const auto type = arrow::dictionary(arrow::int32(), dictionary->type());
  std::vector<ArrayPtr> merged;
  merged.reserve(indices.size());
  for (auto& array : indices)
    merged.push_back(std::make_shared<arrow::DictionaryArray>(type, std::move(array), dictionary));
  return merged;
}

}  // namespace lakelift::columnar
