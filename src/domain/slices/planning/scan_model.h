// How much an engine scans: whole columns of those partitions that a query can't rule out. That is what Athena bills
// and what our own engine reads where row groups can't be pruned further.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "domain/slices/planning/overlaps.h"
#include "domain/slices/planning/plan.h"

namespace lakelift::slices {

class ScanModel {
 public:
  // Columns whose size is not known count with a width typical of their type. `partition_share`: of the table, by
  // filters on partition columns, where there are no chunks to tell.
  ScanModel(const table::Columns& table, std::int64_t table_rows, const std::vector<CutPart>& chunks,
            double partition_share);

  // Of a query with these filters that reads these columns.
  [[nodiscard]] std::int64_t of_filters(const std::set<std::string>& columns,
                                        const std::vector<table::Filter>& filters) const;
  // Of a query for these chunks (positions among `chunks`).
  [[nodiscard]] std::int64_t of_chunks(const std::set<std::string>& columns,
                                       const std::vector<std::size_t>& positions) const;
  // The chunks that lie in partitions which a query for these has to read anyway.
  [[nodiscard]] std::vector<std::size_t> read_along(const std::vector<std::size_t>& positions) const;
  // Bytes of these columns over the rows of these chunks.
  [[nodiscard]] std::int64_t stored_bytes(const std::set<std::string>& columns,
                                          const std::vector<std::size_t>& positions) const;
  [[nodiscard]] bool is_partition(const std::string& column) const { return partitions_.contains(column); }

 private:
  [[nodiscard]] double column_bytes(const std::set<std::string>& columns) const;
  [[nodiscard]] std::vector<bool> groups_read_for(const std::vector<std::size_t>& positions) const;

  const table::Columns& table_;
  const double table_rows_;
  const std::vector<CutPart>& chunks_;
  const double partition_share_;
  std::set<std::string> partitions_;
  double rows_ = 0;
  // Chunks that lie in the same partitions are one group.
  struct Group {
    table::Box box;
    double rows = 0;
  };
  std::vector<Group> groups_;
  Overlaps overlaps_;                  // of the groups
  std::vector<std::size_t> group_of_;  // by position of the chunk
};

}  // namespace lakelift::slices
