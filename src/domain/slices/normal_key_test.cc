#include "domain/slices/normal_key.h"

#include <gtest/gtest.h>

namespace lakelift::slices {
namespace {

using table::Datetime;
using table::Filter;
using table::Operator;
using table::SliceSpec;

SliceSpec every_type() {
  return {{"a", "b \"quoted\"", "ц"},
          {{"a", Operator::kGreaterEqual, std::int64_t{9'007'199'254'740'993}},
           {"f", Operator::kLess, 0.1},
           {"f", Operator::kNotEqual, 3.0},
           {"g", Operator::kEqual, true},
           {"s", Operator::kEqual, std::string("O'Hare \n\"")},
           {"t", Operator::kLessEqual, Datetime{-62'135'596'800, 123'456'789}}},
          0.1};
}

TEST(StoredSpec, IsReadBackWithoutTheItem) {
  const SliceSpec spec = every_type();
  const auto read = spec_from_stored_text(to_stored_text(spec));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->columns, spec.columns);
  EXPECT_EQ(read->ratio, spec.ratio);
  ASSERT_EQ(read->filters.size(), spec.filters.size());
  for (std::size_t i = 0; i < spec.filters.size(); ++i) {
    EXPECT_EQ(read->filters[i].name, spec.filters[i].name);
    EXPECT_EQ(read->filters[i].op, spec.filters[i].op);
    EXPECT_EQ(read->filters[i].value, spec.filters[i].value) << i;
  }
  EXPECT_EQ(table::canonical_text(*read), table::canonical_text(spec));
}

TEST(StoredSpec, BrokenTextsAreErrors) {
  for (const char* text : {"", "[]", "{}", R"({"columns":["a"],"filters":[],"randomize_ratio":"1"})",
                           R"({"columns":[1],"filters":[],"randomize_ratio":1})",
                           R"({"columns":["a"],"filters":[{"name":"a"}],"randomize_ratio":1})",
                           R"({"columns":["a"],"filters":[{"name":"a","operator":"~","type":"INTEGER","value":1}],)"
                           R"("randomize_ratio":1})",
                           R"({"columns":["a"],"filters":[{"name":"a","operator":"=","type":"INTEGER","value":"1"}],)"
                           R"("randomize_ratio":1})"}) {
    EXPECT_FALSE(spec_from_stored_text(text)) << text;
  }
}

TEST(NormalKey, DependsOnItemVersionAndSpecAlone) {
  const SliceSpec spec = table::normalised(every_type());
  const std::string key = normal_key(1, "v1", spec);
  EXPECT_EQ(key.size(), 64U);
  EXPECT_EQ(key, normal_key(1, "v1", table::normalised(every_type())));
  EXPECT_NE(key, normal_key(2, "v1", spec));
  EXPECT_NE(key, normal_key(1, "v2", spec));
  SliceSpec other = spec;
  other.ratio = 0.2;
  EXPECT_NE(key, normal_key(1, "v1", other));
  EXPECT_NE(normal_key(1, "1:x", spec), normal_key(11, ":x", spec));
}

TEST(NormalKey, OrderOfColumnsAndFiltersDoesNotMatter) {
  const SliceSpec one = every_type();
  SliceSpec two{{one.columns.rbegin(), one.columns.rend()}, {one.filters.rbegin(), one.filters.rend()}, one.ratio};
  EXPECT_EQ(normal_key(1, "v", table::normalised(one)), normal_key(1, "v", table::normalised(two)));
}

}  // namespace
}  // namespace lakelift::slices
