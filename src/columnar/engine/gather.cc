#include "columnar/engine/gather.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>

#include <cstring>

#include "columnar/engine/arrow_errors.h"

namespace lakelift::columnar {
namespace {

using Positions = std::span<const std::int32_t>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

arrow::Result<BufferPtr> gather_bits(const std::uint8_t* bits, std::int64_t offset, Positions positions,
                                     std::int64_t* zeros) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateEmptyBitmap(static_cast<std::int64_t>(positions.size())));
  std::uint8_t* target = out->mutable_data();
  std::int64_t ones = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto bit = static_cast<std::uint8_t>(arrow::bit_util::GetBit(bits, offset + positions[i]));
    target[i / 8] |= static_cast<std::uint8_t>(bit << (i % 8));
    ones += bit;
  }
  *zeros = static_cast<std::int64_t>(positions.size()) - ones;
  return out;
}

template <int kWidth>
arrow::Result<BufferPtr> gather_fixed(const std::uint8_t* values, Positions positions) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateBuffer(static_cast<std::int64_t>(positions.size()) * kWidth));
  std::uint8_t* target = out->mutable_data();
  for (const std::int32_t position : positions) {
    std::memcpy(target, values + static_cast<std::int64_t>(position) * kWidth, kWidth);
    target += kWidth;
  }
  return out;
}

arrow::Result<BufferPtr> gather_width(int width, const std::uint8_t* values, Positions positions) {
  switch (width) {
    case 1:
      return gather_fixed<1>(values, positions);
    case 2:
      return gather_fixed<2>(values, positions);
    case 4:
      return gather_fixed<4>(values, positions);
    case 8:
      return gather_fixed<8>(values, positions);
    case 16:
      return gather_fixed<16>(values, positions);
    case 32:
      return gather_fixed<32>(values, positions);
    default:
      return arrow::Status::NotImplemented("values of ", width, " bytes");
  }
}

template <typename ArrayType>
arrow::Status gather_text(const arrow::Array& array, Positions positions, arrow::ArrayData& out) {
  using Offset = typename ArrayType::offset_type;
  const auto& texts = static_cast<const ArrayType&>(array);
  const auto count = static_cast<std::int64_t>(positions.size());
  ARROW_ASSIGN_OR_RAISE(BufferPtr offsets,
                        arrow::AllocateBuffer((count + 1) * static_cast<std::int64_t>(sizeof(Offset))));
  auto* offset = reinterpret_cast<Offset*>(offsets->mutable_data());
  Offset total = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    offset[i] = total;
    total += texts.value_length(positions[static_cast<std::size_t>(i)]);
  }
  offset[count] = total;
  ARROW_ASSIGN_OR_RAISE(BufferPtr bytes, arrow::AllocateBuffer(total));
  std::uint8_t* target = bytes->mutable_data();
  for (const std::int32_t position : positions) {
    const auto length = static_cast<std::size_t>(texts.value_length(position));
    if (length != 0) std::memcpy(target, texts.value_data()->data() + texts.value_offset(position), length);
    target += length;
  }
  out.buffers = {out.buffers[0], std::move(offsets), std::move(bytes)};
  return arrow::Status::OK();
}

// The type's own buffers, after the validity bitmap.
arrow::Status gather_values(const arrow::Array& array, Positions positions, arrow::ArrayData& out) {
  const arrow::ArrayData& in = *array.data();
  switch (array.type_id()) {
    case arrow::Type::BOOL: {
      std::int64_t zeros = 0;
      ARROW_ASSIGN_OR_RAISE(auto bits, gather_bits(in.buffers[1]->data(), in.offset, positions, &zeros));
      out.buffers.push_back(std::move(bits));
      return arrow::Status::OK();
    }
    case arrow::Type::STRING:
      return gather_text<arrow::StringArray>(array, positions, out);
    case arrow::Type::LARGE_STRING:
      return gather_text<arrow::LargeStringArray>(array, positions, out);
    default:
      break;
  }
  const int width = array.type_id() == arrow::Type::STRING_VIEW ? 16 : array.type()->byte_width();
  ARROW_ASSIGN_OR_RAISE(auto values, gather_width(width, in.buffers[1]->data() + in.offset * width, positions));
  out.buffers.push_back(std::move(values));
  for (std::size_t i = 2; i < in.buffers.size(); ++i) out.buffers.push_back(in.buffers[i]);  // of string views
  return arrow::Status::OK();
}

arrow::Result<ArrayPtr> gather_array(const ArrayPtr& array, Positions positions) {
  const arrow::ArrayData& in = *array->data();
  auto out = std::make_shared<arrow::ArrayData>(in.type, static_cast<std::int64_t>(positions.size()), 0);
  out->buffers = {nullptr};
  out->dictionary = in.dictionary;
  if (array->null_count() != 0 && in.buffers[0] != nullptr) {
    std::int64_t nulls = 0;
    ARROW_ASSIGN_OR_RAISE(out->buffers[0], gather_bits(in.buffers[0]->data(), in.offset, positions, &nulls));
    out->null_count = nulls;
  }
  if (array->type_id() == arrow::Type::DICTIONARY) {
    const auto& indices = static_cast<const arrow::DictionaryArray&>(*array).indices();
    ARROW_RETURN_NOT_OK(gather_values(*indices, positions, *out));
  } else {
    ARROW_RETURN_NOT_OK(gather_values(*array, positions, *out));
  }
  return arrow::MakeArray(out);
}

}  // namespace

void positions_of(std::span<const std::uint8_t> mask, std::vector<std::int32_t>& positions) {
  positions.resize(mask.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    positions[count] = static_cast<std::int32_t>(i);
    count += mask[i];
  }
  positions.resize(count);
}

Result<ArrayPtr> gather(const ArrayPtr& array, Positions positions) {
  if (static_cast<std::int64_t>(positions.size()) == array->length()) return array;
  return checked(gather_array(array, positions), "picking rows");
}

}  // namespace lakelift::columnar
