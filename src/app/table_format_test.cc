#include "app/table_format.h"

#include <gtest/gtest.h>

namespace lakelift::app {
namespace {

using columnar::Compression;
using columnar::Format;

TEST(TableFormat, IsToldByTheName) {
  const auto is = [](std::string_view name, Format format, Compression compression) {
    const auto found = table_format_of(name);
    return found && found->format == format && found->compression == compression;
  };
  EXPECT_TRUE(is("may.parquet", Format::kParquet, Compression::kNone));
  EXPECT_TRUE(is("may.csv", Format::kCsv, Compression::kNone));
  EXPECT_TRUE(is("MAY.CSV.GZ", Format::kCsv, Compression::kGzip));
  EXPECT_TRUE(is("may.csv.zst", Format::kCsv, Compression::kZstd));
  EXPECT_TRUE(is("may.jsonl", Format::kJsonl, Compression::kNone));
  EXPECT_TRUE(is("may.ndjson.gz", Format::kJsonl, Compression::kGzip));
  EXPECT_TRUE(is("may.jsonl.zst", Format::kJsonl, Compression::kZstd));
  for (const char* name : {"may", "may.txt", "may.parquet.gz", "may.gz", "csv", "may.csv.bz2", "may.csv.gz.gz",
                           "may.json", "may.csvx", ""}) {
    EXPECT_FALSE(table_format_of(name)) << name;
  }
}

TEST(TableFormat, TheTableIsNamedAfterOwnerAndFile) {
  EXPECT_EQ(table_name_of("alice", "may.csv"), "alice.may");
  EXPECT_EQ(table_name_of("alice", "may.2026.CSV.gz"), "alice.may.2026");
  EXPECT_EQ(table_name_of("alice", "notes.txt"), "alice.notes.txt");
}

}  // namespace
}  // namespace lakelift::app
