#include "columnar/engine/source_table.h"

#include <algorithm>
#include <unordered_map>

#include "columnar/engine/arrow_errors.h"

namespace lakelift::columnar {
namespace {

constexpr std::int64_t kFooterBudgetBytes = 32 << 20;

// Collects the columns of file after file.
class TableBuilder {
 public:
  TableBuilder(SourceTable& table, const ColumnNeeds* needs) : table_(table), needs_(needs) {}

  Result<void> add(const ParquetSource& source) {
    note_row_keys(source);
    for (const auto& column : source.columns()) {
      if (!is_needed(column.name)) continue;
      if (!column.refusal.empty()) {
        refuse(column);
      } else {
        TRY_VOID(add_column(source, column));
      }
    }
    ++files_;
    table_.rows += source.rows();
    return {};
  }

  Result<void> finish(std::vector<PartitionColumn> partitions) {
    for (auto& column : table_.columns) {
      if (seen_[column.name].files < files_) column.is_nullable = true;
    }
    // Refused in one file is refused in the table.
    std::erase_if(table_.columns, [&](const auto& c) { return table_.find_refused(c.name) != nullptr; });
    for (auto& partition : partitions) {
      if (partition.name == kRowKeyColumn) {
        if (refused_.emplace(partition.name, true).second) {
          table_.refused.push_back({partition.name, std::string(kRowKeyRefusal)});
        }
        continue;
      }
      if (table_.find(partition.name) != nullptr) continue;  // the file's own column is the one that counts
      std::erase_if(table_.refused, [&](const auto& r) { return r.name == partition.name; });
      table_.columns.push_back({.name = partition.name,
                                .type = partition.type,
                                .stored_type = partition.stored_type,
                                .is_nullable = partition.is_nullable,
                                .partition = table_.partitions.size()});
      table_.partitions.push_back(std::move(partition));
    }
    if (table_.columns.size() > limits::kColumns) {
      return fail(Code::kTooLarge, "the table has more than " + std::to_string(limits::kColumns) + " columns");
    }
    return {};
  }

 private:
  struct Seen {
    std::size_t index = 0;
    std::size_t files = 0;
    std::string path;  // of the first file that has it
  };

  [[nodiscard]] bool is_needed(const std::string& name) const {
    if (needs_ == nullptr || needs_->everywhere.contains(name)) return true;
    return std::ranges::any_of(needs_->by_region, [&](const auto& names) { return names.contains(name); });
  }

  void note_row_keys(const ParquetSource& source) {
    RowKeyFiles& files = table_.row_keys;
    const FileColumn* column = source.find(kRowKeyColumn);
    if (column == nullptr) {
      if (files.first_without.empty()) files.first_without = source.path();
      return;
    }
    if (files.count++ == 0) files.first_with = source.path();
    const bool is_sound = column->leaf >= 0 && column->type->id() == arrow::Type::INT64 &&
                          column->refusal == kRowKeyRefusal;  // a repeated name has another
    if (!is_sound && files.first_unsound.empty()) files.first_unsound = source.path();
  }

  void refuse(const FileColumn& column) {
    if (refused_.emplace(column.name, true).second) table_.refused.push_back({column.name, column.refusal});
  }

  Result<void> add_column(const ParquetSource& source, const FileColumn& column) {
    const auto type = contract_type_of(*column.type);
    auto [entry, is_new] = seen_.try_emplace(column.name);
    Seen& seen = entry->second;
    ++seen.files;
    if (is_new) {
      seen.index = table_.columns.size();
      seen.path = source.path();
      table_.columns.push_back({.name = column.name,
                                .type = *type,
                                .stored_type = column.type,
                                .is_nullable = column.is_nullable,
                                .size_bytes = column.size_bytes,
                                .partition = std::nullopt});
      return {};
    }
    SourceColumn& known = table_.columns[seen.index];
    const TypePtr common = known.type == *type ? common_type(known.stored_type, column.type) : nullptr;
    if (common == nullptr) {
      return fail(Code::kInvalid, place(source.path(), column.name) + ": is " + column.type->ToString() + ", but " +
                                      known.stored_type->ToString() + " in " + seen.path +
                                      "; all files of a table need the same types");
    }
    known.stored_type = common;
    known.is_nullable = known.is_nullable || column.is_nullable;
    known.size_bytes += column.size_bytes;
    return {};
  }

  SourceTable& table_;
  const ColumnNeeds* needs_;
  std::unordered_map<std::string, Seen> seen_;
  std::unordered_map<std::string, bool> refused_;
  std::size_t files_ = 0;
};

Result<void> check_needs(const ColumnNeeds& needs, const InputFile& input, const ParquetSource& source,
                         const std::vector<PartitionColumn>& partitions) {
  const auto check = [&](const std::unordered_set<std::string>& names) -> Result<void> {
    for (const auto& name : names) {
      const bool is_partition = std::ranges::any_of(partitions, [&](const auto& p) { return p.name == name; });
      if (source.find(name) != nullptr || is_partition) continue;
      return fail(Code::kInvalid, place(input.path, name) + ": is not there, but the slice needs it");
    }
    return {};
  };
  TRY_VOID(check(needs.everywhere));
  return input.region && *input.region < needs.by_region.size() ? check(needs.by_region[*input.region])
                                                                : Result<void>();
}

}  // namespace

const SourceColumn* SourceTable::find(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

const RefusedColumn* SourceTable::find_refused(std::string_view name) const {
  const auto found = std::find_if(refused.begin(), refused.end(), [&](const auto& r) { return r.name == name; });
  return found == refused.end() ? nullptr : &*found;
}

Result<const SourceColumn*> SourceTable::offered(const std::string& name) const {
  if (const auto* column = find(name)) return column;
  if (const auto* column = find_refused(name)) {
    return fail(Code::kUnsupported, "the column '" + name + "' can't be offered: " + column->reason);
  }
  return fail(Code::kInvalid, "the table has no column '" + name + "'");
}

Result<SourceTable> open_table(WorkContext& context, const ColumnNeeds* needs) {
  if (context.inputs.empty()) return fail(Code::kInvalid, "the table has no files");
  SourceTable table;
  TRY(auto partitions, partition_columns(context.inputs));
  TableBuilder builder(table, needs);
  std::int64_t footer_bytes = 0;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    TRY(const auto source, ParquetSource::open(context, i));
    if (needs != nullptr) TRY_VOID(check_needs(*needs, context.inputs[i], *source, partitions));
    TRY_VOID(builder.add(*source));
    table.bytes_read += source->bytes_read();
    table.file_rows.push_back(source->rows());
    footer_bytes += source->metadata()->size();
    table.footers.push_back(footer_bytes <= kFooterBudgetBytes ? source->metadata() : nullptr);
  }
  TRY_VOID(builder.finish(std::move(partitions)));
  return table;
}

}  // namespace lakelift::columnar
