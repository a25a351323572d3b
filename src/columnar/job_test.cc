#include "columnar/job.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "columnar/wire_value.h"

namespace lakelift::columnar {
namespace {

rc::Gen<std::string> text() { return rc::gen::container<std::string>(rc::gen::inRange('\x01', '\x7f')); }

rc::Gen<double> any_double() {
  return rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                      [](std::uint64_t bits) { return std::bit_cast<double>(bits); });
}

table::Value value_of(table::ColumnType type) {
  switch (type) {
    case table::ColumnType::kInteger:
      return *rc::gen::arbitrary<std::int64_t>();
    case table::ColumnType::kFloat:
      return *any_double();
    case table::ColumnType::kBoolean:
      return *rc::gen::arbitrary<bool>();
    case table::ColumnType::kDatetime:
      return table::Datetime{*rc::gen::arbitrary<std::int64_t>(), *rc::gen::inRange<std::uint32_t>(0, 1'000'000'000)};
    case table::ColumnType::kString:
      break;
  }
  return *text();
}

table::ColumnType any_type() {
  return static_cast<table::ColumnType>(*rc::gen::inRange(0, static_cast<int>(table::ColumnType::kDatetime) + 1));
}

// A border is never NaN.
table::Value border_of(table::ColumnType type) {
  table::Value value = value_of(type);
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && std::isnan(*number)) return std::numeric_limits<double>::infinity();
  return value;
}

table::Box any_box(const std::vector<table::ColumnType>& types) {
  table::Box box;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (*rc::gen::arbitrary<bool>()) continue;
    table::Range range{"c" + std::to_string(i), std::nullopt, std::nullopt, *rc::gen::arbitrary<bool>()};
    if (*rc::gen::arbitrary<bool>()) range.minimum = border_of(types[i]);
    if (*rc::gen::arbitrary<bool>()) range.maximum = border_of(types[i]);
    box.push_back(std::move(range));
  }
  return box;
}

std::vector<table::ColumnType> any_types() {
  std::vector<table::ColumnType> types;
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) types.push_back(any_type());
  return types;
}

void add_parts(SliceJob& job) {
  const auto types = any_types();
  for (int regions = *rc::gen::inRange(0, 3); regions > 0; --regions) {
    auto& region = job.regions.emplace_back();
    for (int boxes = *rc::gen::inRange(0, 3); boxes > 0; --boxes) region.push_back(any_box(types));
  }
  job.with_row_keys = *rc::gen::arbitrary<bool>();
  job.by_row_keys = *rc::gen::arbitrary<bool>();
  job.ignores_other_columns = *rc::gen::arbitrary<bool>();
  job.is_of_source = *rc::gen::arbitrary<bool>();
}

JobWork any_work() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return InspectJob{};
    case 1:
      return ProfileJob{*rc::gen::inRange<std::size_t>(0, 1000), *rc::gen::arbitrary<std::uint64_t>(),
                        *rc::gen::inRange<std::int64_t>(1, 1'000'000)};
    case 2: {
      SliceJob job;
      job.spec.columns = *rc::gen::container<std::vector<std::string>>(text());
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        const auto op = static_cast<table::Operator>(*rc::gen::inRange(0, 6));
        job.spec.filters.push_back({*text(), op, value_of(any_type())});
      }
      job.spec.ratio = *rc::gen::inRange(0, 1'000'000) / 1e6;
      job.sampling_seed = *text();
      add_parts(job);
      return job;
    }
    case 3:
      return CutJob{*rc::gen::inRange<std::int64_t>(1, 1'000'000), *rc::gen::arbitrary<std::uint64_t>(),
                    *rc::gen::container<std::vector<std::string>>(text())};
    default: {
      const auto from = static_cast<Format>(*rc::gen::inRange(0, 4));
      const bool is_text = from == Format::kCsv || from == Format::kJsonl;
      return ConvertJob{from, static_cast<Format>(*rc::gen::inRange(0, 4)),
                        *rc::gen::container<std::vector<std::string>>(3, text()), *rc::gen::inRange('\x01', '\x7f'),
                        static_cast<Compression>(is_text ? *rc::gen::inRange(0, 3) : 0)};
    }
  }
}

Job any_job() {
  Job job;
  job.work = any_work();
  auto paths = *rc::gen::container<std::vector<std::string>>(text());
  std::ranges::sort(paths);
  for (auto& path : paths) {
    job.inputs.push_back({std::move(path), static_cast<std::uint64_t>(*rc::gen::inRange<std::int64_t>(
                                               0, std::numeric_limits<std::int64_t>::max()))});
    const auto* slice = std::get_if<SliceJob>(&job.work);
    if (slice != nullptr && !slice->regions.empty() && *rc::gen::arbitrary<bool>()) {
      job.inputs.back().region = *rc::gen::inRange<std::size_t>(0, slice->regions.size());
    }
  }
  job.limits = {*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::arbitrary<std::uint64_t>(),
                *rc::gen::inRange(1, 100'000)};
  return job;
}

// The wire text says everything about a job or a report, so equal texts are equal things.
template <typename T>
std::string wire_text(const T& thing) {
  return to_canonical_text(json::value(to_json(thing)));
}

TEST(Job, GoesThroughItsTextUnchanged) {
  const bool held = rc::check([] {
    const Job job = any_job();
    const auto parsed = parse_json(to_text(json::value(to_json(job))));
    RC_ASSERT(parsed.has_value());
    const auto read = job_from_json(*parsed);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->work.index() == job.work.index());
    RC_ASSERT(read->inputs.size() == job.inputs.size());
    RC_ASSERT(read->limits.memory_bytes == job.limits.memory_bytes);
    RC_ASSERT(wire_text(*read) == wire_text(job));
    if (const auto* slice = std::get_if<SliceJob>(&job.work)) {
      const auto& same = std::get<SliceJob>(read->work);
      RC_ASSERT(same.regions == slice->regions);
      RC_ASSERT(same.with_row_keys == slice->with_row_keys && same.by_row_keys == slice->by_row_keys);
      RC_ASSERT(same.ignores_other_columns == slice->ignores_other_columns);
      RC_ASSERT(same.is_of_source == slice->is_of_source);
      for (std::size_t i = 0; i < job.inputs.size(); ++i) RC_ASSERT(read->inputs[i].region == job.inputs[i].region);
    }
  });
  EXPECT_TRUE(held);
}

TEST(Job, KeepsEveryBitOfAFilter) {
  const bool held = rc::check([] {
    const auto type = any_type();
    const table::Value value = value_of(type);
    const auto parsed = parse_json(to_text(wire::from_value(value)));
    RC_ASSERT(parsed.has_value());
    const auto read = wire::to_value(*parsed, type, false);
    RC_ASSERT(read.has_value());
    const auto* number = std::get_if<double>(&value);
    const bool is_nan = number != nullptr && std::isnan(*number);
    RC_ASSERT((is_nan ? std::isnan(std::get<double>(*read)) : *read == value));
  });
  EXPECT_TRUE(held);
}

json::object good_job() {
  Job job;
  SliceJob slice;
  slice.spec.columns = {"a", "b"};
  slice.spec.filters.push_back({"a", table::Operator::kGreater, table::Value(std::int64_t{3})});
  job.work = slice;
  job.inputs = {{"x.parquet", 10}, {"y.parquet", 20}};
  return to_json(job);
}

TEST(Job, OnlyTextFormatsAreUnpacked) {
  Job job{.work = ConvertJob{.from = Format::kCsv, .compression = Compression::kGzip}, .inputs = {}, .limits = {}};
  const auto read = job_from_json(json::value(to_json(job)));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<ConvertJob>(read->work).compression, Compression::kGzip);
  for (const auto& [key, value] : {std::pair{"compression", "lz4"}, {"from", "parquet"}}) {
    json::object wrong = to_json(job);
    wrong[key] = value;
    const auto refused = job_from_json(json::value(wrong));
    ASSERT_FALSE(refused) << key;
    EXPECT_NE(refused.error().message.find("compression"), std::string::npos) << refused.error().message;
  }
  json::object without = to_json(job);
  without.erase("compression");
  EXPECT_FALSE(job_from_json(json::value(without)));
}

// A job with one thing wrong, and what the message must name.
struct Wrong {
  const char* name;
  std::function<void(json::object&)> spoil;
  const char* named;
};

TEST(Job, RefusesWhatIsWrongAndNamesIt) {
  const std::vector<Wrong> wrongs = {
      {"no kind", [](auto& job) { job.erase("kind"); }, "kind"},
      {"unknown kind", [](auto& job) { job["kind"] = "exec"; }, "kind"},
      {"no inputs", [](auto& job) { job.erase("inputs"); }, "inputs"},
      {"inputs unsorted", [](auto& job) { job["inputs"] = json::array{{"y", 1}, {"x", 1}}; }, "order"},
      {"negative size", [](auto& job) { job["inputs"] = json::array{{"y", -1}}; }, "inputs"},
      {"input of three", [](auto& job) { job["inputs"] = json::array{{"y", 1, 2}}; }, "inputs"},
      {"input of a region that there is not", [](auto& job) { job["inputs"] = json::array{{"y", 1, 0}}; }, "region"},
      {"input of a region's name",
       [](auto& job) {
         job["regions"] = json::array{json::array{}};
         job["inputs"] = json::array{{"y", 1, "0"}};
       },
       "region"},
      {"regions that are none", [](auto& job) { job["regions"] = json::array{3}; }, "regions"},
      {"a range without a column",
       [](auto& job) { job["regions"] = json::array{json::array{json::array{json::object{}}}}; }, "regions"},
      {"a flag of another type", [](auto& job) { job["with_row_keys"] = 1; }, "with_row_keys"},
      {"a flag of text", [](auto& job) { job["by_row_keys"] = "true"; }, "by_row_keys"},
      {"a cut without chunks",
       [](auto& job) {
         job["kind"] = "cut";
         job["most_rows"] = 0;
       },
       "most_rows"},
      {"a cut of parts",
       [](auto& job) {
         job = to_json(Job{CutJob{5, 1}, {{"x", 1}}, {}});
         job["inputs"] = json::array{{"x", 1, 0}};
       },
       "region"},
      {"no limits", [](auto& job) { job["limits"] = 5; }, "limits"},
      {"memory as number", [](auto& job) { job["limits"].as_object()["memory_bytes"] = 5; }, "memory_bytes"},
      {"memory negative", [](auto& job) { job["limits"].as_object()["memory_bytes"] = "-5"; }, "memory_bytes"},
      {"memory empty", [](auto& job) { job["limits"].as_object()["memory_bytes"] = ""; }, "memory_bytes"},
      {"no processor time", [](auto& job) { job["limits"].as_object()["cpu_seconds"] = 0; }, "cpu_seconds"},
      {"ratio above 1", [](auto& job) { job["spec"].as_object()["ratio"] = "1.5"; }, "ratio"},
      {"ratio not a number", [](auto& job) { job["spec"].as_object()["ratio"] = "nan"; }, "ratio"},
      {"column of a number", [](auto& job) { job["spec"].as_object()["columns"] = json::array{1}; }, "columns"},
      {"spec missing", [](auto& job) { job.erase("spec"); }, "spec"},
      {"filter of null",
       [](auto& job) {
         job["spec"].as_object()["filters"] =
             json::array{json::object{{"name", "a"}, {"operator", "="}, {"type", "INTEGER"}, {"value", nullptr}}};
       },
       "value"},
      {"filter of another type",
       [](auto& job) {
         job["spec"].as_object()["filters"] =
             json::array{json::object{{"name", "a"}, {"operator", "="}, {"type", "INTEGER"}, {"value", "3"}}};
       },
       "INTEGER"},
      {"filter with nanoseconds beyond",
       [](auto& job) {
         job["spec"].as_object()["filters"] = json::array{json::object{
             {"name", "a"}, {"operator", "="}, {"type", "DATETIME"}, {"value", json::array{1, 1000000000}}}};
       },
       "DATETIME"},
      {"unknown operator",
       [](auto& job) {
         job["spec"].as_object()["filters"] =
             json::array{json::object{{"name", "a"}, {"operator", "LIKE"}, {"type", "STRING"}, {"value", "x"}}};
       },
       "filter"},
  };
  ASSERT_TRUE(job_from_json(good_job()));
  for (const auto& wrong : wrongs) {
    auto job = good_job();
    wrong.spoil(job);
    const auto read = job_from_json(job);
    ASSERT_FALSE(read) << wrong.name;
    EXPECT_EQ(read.error().code, Code::kInvalid) << wrong.name;
    EXPECT_NE(read.error().message.find(wrong.named), std::string::npos) << wrong.name << ": " << read.error().message;
  }
}

table::Columns any_columns() {
  table::Columns columns;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    table::Column& column = columns.emplace_back();
    column.name = "c" + std::to_string(i);
    column.type = any_type();
    column.is_nullable = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) column.size = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    if (*rc::gen::arbitrary<bool>()) {
      column.distribution = table::Distribution{{value_of(column.type), 3}, {table::Value(), 1}};
    }
  }
  return columns;
}

table::ColumnStatistics statistics_of(const table::Column& column) {
  table::ColumnStatistics out;
  out.name = column.name;
  out.type = column.type;
  out.nulls = 0;
  out.is_partial = *rc::gen::arbitrary<bool>();
  return out;
}

TEST(Report, GoesThroughItsTextUnchanged) {
  const bool held = rc::check([] {
    ProfileReport report;
    report.columns = any_columns();
    report.rows = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    report.refused = {{"tags", "lists are not offered"}};
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      table::Row row;
      for (const auto& column : report.columns) {
        row.push_back(*rc::gen::arbitrary<bool>() ? value_of(column.type) : table::Value());
      }
      report.sample.push_back(std::move(row));
    }
    for (std::size_t i = 0; i < report.columns.size(); ++i) report.null_shares.push_back(1.0 / (1.0 + i));
    report.rows_profiled = report.rows;
    for (const auto& column : report.columns) report.statistics.push_back(statistics_of(column));
    Job job;
    job.work = ProfileJob{10, 1};
    const auto parsed = parse_json(to_text(json::value(to_json(JobReport(report)))));
    RC_ASSERT(parsed.has_value());
    const auto read = report_from_json(*parsed, job);
    RC_ASSERT(read.has_value());
    RC_ASSERT(wire_text(*read) == wire_text(JobReport(report)));
  });
  EXPECT_TRUE(held);
}

TEST(Report, IsCheckedAgainstItsJob) {
  ProfileReport report;
  report.columns.resize(1);
  report.columns[0].name = "a";
  report.columns[0].type = table::ColumnType::kInteger;
  report.rows = report.rows_profiled = 4;
  report.null_shares = {0.5};
  report.statistics.resize(1);
  report.statistics[0].name = "a";
  report.statistics[0].type = table::ColumnType::kInteger;
  report.sample = {{table::Value(std::int64_t{1})}, {table::Value(std::int64_t{2})}};
  Job job;
  job.work = ProfileJob{2, 1};
  EXPECT_TRUE(report_from_json(to_json(JobReport(report)), job));

  job.work = ProfileJob{1, 1};
  EXPECT_FALSE(report_from_json(to_json(JobReport(report)), job)) << "more rows than asked for";
  job.work = ProfileJob{2, 1};
  auto wrong = report;
  wrong.sample[0] = {table::Value(std::string("x"))};
  EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << "a cell of another type";
  wrong = report;
  wrong.sample[0].clear();
  EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << "a short row";
  wrong = report;
  wrong.null_shares = {1.5};
  EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << "a share above 1";
  wrong = report;
  wrong.null_shares.clear();
  EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << "no shares";
  wrong = report;
  wrong.columns.push_back(wrong.columns[0]);
  wrong.null_shares = {0, 0};
  wrong.sample.clear();
  EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << "a name twice";
  wrong = report;
  wrong.rows = -1;
  EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << "a negative count";
}

TEST(Report, StatisticsAreHeldAgainstTheRest) {
  ProfileReport report;
  report.columns.resize(1);
  report.columns[0].name = "a";
  report.columns[0].type = table::ColumnType::kInteger;
  report.rows = 5;
  report.rows_profiled = 4;
  report.null_shares = {0.25};
  table::ColumnStatistics good;
  good.name = "a";
  good.type = table::ColumnType::kInteger;
  good.nulls = 1;
  good.top_values = {{std::int64_t{7}, 2}, {std::int64_t{8}, 2}};
  good.histogram = {{std::int64_t{7}, std::int64_t{8}, 4}};
  report.statistics = {good};
  Job job;
  job.work = ProfileJob{2, 1};
  const auto refused = [&](const char* why, auto change) {
    auto wrong = report;
    change(wrong);
    EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << why;
  };
  EXPECT_TRUE(report_from_json(to_json(JobReport(report)), job));
  refused("none", [](auto& r) { r.statistics.clear(); });
  refused("of another column", [](auto& r) { r.statistics[0].name = "b"; });
  refused("more rows than there are", [](auto& r) { r.rows_profiled = 6; });
  refused("more nulls than rows", [](auto& r) { r.statistics[0].nulls = 5; });
  refused("more values than rows", [](auto& r) { r.statistics[0].top_values[0].count = 3; });
  refused("counts that overflow", [](auto& r) {
    for (auto& entry : r.statistics[0].top_values) entry.count = std::numeric_limits<std::int64_t>::max();
  });
  refused("more in bins than rows", [](auto& r) { r.statistics[0].histogram[0].count = 5; });
  refused("of another type", [](auto& r) {
    r.statistics[0].type = table::ColumnType::kFloat;
    r.statistics[0].top_values.clear();
    r.statistics[0].histogram.clear();
  });
  auto object = to_json(JobReport(report));
  object.erase("statistics");
  EXPECT_FALSE(report_from_json(object, job)) << "left out";
  object = to_json(JobReport(report));
  object["statistics"] = json::array{3};
  EXPECT_FALSE(report_from_json(object, job)) << "junk";
}

CutReport any_cut() {
  const auto types = any_types();
  CutReport report;
  for (int chunks = *rc::gen::inRange(0, 4); chunks > 0; --chunks) {
    CutChunk& chunk = report.chunks.emplace_back();
    chunk.box = any_box(types);
    chunk.rows = *rc::gen::inRange<std::int64_t>(10, 1'000'000'000'000);
    for (std::size_t i = 0; i < types.size(); ++i) {
      CutColumn& column = chunk.columns.emplace_back();
      column.name = "c" + std::to_string(i);
      column.nulls = chunk.rows;
      if (*rc::gen::arbitrary<bool>()) continue;
      column.nulls = *rc::gen::inRange<std::int64_t>(0, chunk.rows - 9);
      column.minimum = column.maximum = value_of(types[i]);
      if (types[i] == table::ColumnType::kFloat) {
        column.minimum = -1.5;
        column.maximum = *rc::gen::arbitrary<bool>() ? 0.1 : std::nan("");
        column.distribution = {{-1.5, -0.7, 3}, {-0.7, 0.1, 6}};
      } else if (types[i] == table::ColumnType::kInteger) {
        column.distribution = {{column.minimum, column.maximum, 9}};
      }
    }
  }
  return report;
}

TEST(Report, OfACutGoesThroughItsTextUnchanged) {
  EXPECT_TRUE(rc::check([] {
    const CutReport report = any_cut();
    const Job job{CutJob{5, 1}, {}, {}};
    const auto parsed = parse_json(to_text(json::value(to_json(JobReport(report)))));
    RC_ASSERT(parsed.has_value());
    const auto read = report_from_json(*parsed, job);
    RC_ASSERT(read.has_value());
    RC_ASSERT(wire_text(*read) == wire_text(JobReport(report)));
    const auto& chunks = std::get<CutReport>(*read).chunks;
    RC_ASSERT(chunks.size() == report.chunks.size());
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      RC_ASSERT(chunks[i].box == report.chunks[i].box);
      RC_ASSERT(chunks[i].rows == report.chunks[i].rows);
      RC_ASSERT(chunks[i].columns.size() == report.chunks[i].columns.size());
    }
  }));
}

TEST(Report, OfACutIsChecked) {
  CutReport report;
  report.chunks.push_back({{{"a", std::int64_t{1}, std::nullopt, false}},
                           10,
                           {{"a", std::int64_t{1}, std::int64_t{9}, 2, {{std::int64_t{1}, std::int64_t{9}, 8}}}}});
  const Job job{CutJob{5, 1}, {}, {}};
  ASSERT_TRUE(report_from_json(to_json(JobReport(report)), job));
  const auto refused = [&](const char* why, auto change) {
    auto wrong = report;
    change(wrong.chunks[0]);
    EXPECT_FALSE(report_from_json(to_json(JobReport(wrong)), job)) << why;
  };
  refused("negative rows", [](auto& chunk) { chunk.rows = -1; });
  refused("more nulls than rows", [](auto& chunk) { chunk.columns[0].nulls = 11; });
  refused("negative nulls", [](auto& chunk) { chunk.columns[0].nulls = -1; });
  refused("values, but no minimum", [](auto& chunk) { chunk.columns[0].minimum = {}; });
  refused("a minimum, but no values", [](auto& chunk) { chunk.columns[0].nulls = 10; });
  refused("minimum above maximum", [](auto& chunk) { chunk.columns[0].minimum = std::int64_t{10}; });
  refused("more in bins than values", [](auto& chunk) { chunk.columns[0].distribution[0].count = 9; });
  refused("a negative count", [](auto& chunk) { chunk.columns[0].distribution[0].count = -1; });
  refused("a bin outside", [](auto& chunk) { chunk.columns[0].distribution[0].maximum = std::int64_t{10}; });
  refused("a bin turned round", [](auto& chunk) {
    std::swap(chunk.columns[0].distribution[0].minimum, chunk.columns[0].distribution[0].maximum);
  });
  refused("too many bins",
          [](auto& chunk) { chunk.columns[0].distribution.assign(11, {std::int64_t{1}, std::int64_t{1}, 0}); });
  refused("a box of an unknown column", [](auto& chunk) { chunk.box[0].column = "b"; });
  const auto spoilt = [&](const char* why, auto change) {
    auto wrong = to_json(JobReport(report));
    change(wrong);
    EXPECT_FALSE(report_from_json(wrong, job)) << why;
  };
  spoilt("no columns", [](auto& object) { object.erase("columns"); });
  spoilt("no chunks", [](auto& object) { object.erase("chunks"); });
  spoilt("a column twice", [](auto& object) {
    object["columns"].as_array().push_back(json::array{"a", "INTEGER"});
    object["chunks"].as_array().clear();
  });
  spoilt("an unknown type", [](auto& object) { object["columns"] = json::array{{"a", "LIST"}}; });
  spoilt("values of another type", [](auto& object) { object["columns"] = json::array{{"a", "STRING"}}; });
  spoilt("a box that is none", [](auto& object) { object["chunks"].as_array()[0].as_object()["box"] = 3; });
  spoilt("figures that lack",
         [](auto& object) { object["chunks"].as_array()[0].as_object()["figures"] = json::array{}; });
  spoilt("a figure that is none",
         [](auto& object) { object["chunks"].as_array()[0].as_object()["figures"] = json::array{3}; });
  spoilt("more chunks than there may be", [](auto& object) {
    const json::value one = object["chunks"].as_array()[0];
    object["chunks"].as_array().resize(10'001, one);
  });
}

TEST(Format, NamesGoBothWays) {
  for (const auto format : {Format::kParquet, Format::kCsv, Format::kArrow, Format::kJsonl}) {
    EXPECT_EQ(format_of(name_of(format)), format);
    EXPECT_NE(media_type_of(format).find('/'), std::string_view::npos);
  }
  EXPECT_EQ(format_of("xlsx"), std::nullopt);
}

TEST(WireError, KeepsWhatIsGoodAndDropsTheRest) {
  const Error error{Code::kCorrupt, "A_THING", "what is wrong", {{"spec", {"one", "two"}}}};
  const Error same = wire::to_error(wire::from_error(error));
  EXPECT_EQ(same.code, error.code);
  EXPECT_EQ(same.event, error.event);
  EXPECT_EQ(same.message, error.message);
  ASSERT_EQ(same.fields.size(), 1U);
  EXPECT_EQ(same.fields[0].texts, error.fields[0].texts);

  const Error none = wire::to_error(json::value(3));
  EXPECT_EQ(none.code, Code::kInternal);
  const Error odd =
      wire::to_error(json::object{{"code", "no such"}, {"event", "a b"}, {"message", std::string(9999, 'x')}});
  EXPECT_EQ(odd.code, Code::kInternal);
  EXPECT_TRUE(odd.event.empty());
  EXPECT_LE(odd.message.size(), 2048U);
}

}  // namespace
}  // namespace lakelift::columnar
