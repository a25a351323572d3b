#include "domain/slices/derivation.h"

#include <gtest/gtest.h>

namespace lakelift::slices {
namespace {

using table::Filter;
using table::Operator;
using table::Value;

Filter filter(std::string name, Operator op, std::int64_t value) { return {std::move(name), op, Value{value}}; }

store::HeldSlice held(std::int64_t id, std::uint64_t bytes, table::SliceSpec spec) {
  return {id, {"00112233445566778899aabbccddeeff", bytes, "x"}, std::move(spec)};
}

TEST(Derive, TheSmallestThatHasAll) {
  const std::vector<store::HeldSlice> slices{
      held(1, 900, {{"a", "b", "c"}, {}, 1}),
      held(2, 300, {{"a", "b"}, {filter("a", Operator::kGreater, 5)}, 1}),
      held(3, 400, {{"a", "b"}, {filter("a", Operator::kGreater, 3)}, 1}),
      held(4, 100, {{"a"}, {filter("a", Operator::kGreater, 3)}, 1}),
      held(5, 200, {{"a", "b"}, {filter("a", Operator::kGreater, 7)}, 1}),
  };
  const auto derivation =
      derive(slices, {{"b"}, {filter("a", Operator::kGreater, 5), filter("b", Operator::kEqual, 1)}, 1});
  ASSERT_TRUE(derivation);
  EXPECT_EQ(derivation->from.request_id, 2);
  EXPECT_EQ(derivation->spec, (table::SliceSpec{{"b"}, {filter("b", Operator::kEqual, 1)}, 1}));
}

TEST(Derive, NothingWhereRowsOrColumnsAreMissing) {
  const std::vector<store::HeldSlice> slices{held(1, 10, {{"a"}, {filter("a", Operator::kGreater, 5)}, 1})};
  EXPECT_FALSE(derive(slices, {{"a"}, {filter("a", Operator::kGreater, 4)}, 1}));
  EXPECT_FALSE(derive(slices, {{"a", "b"}, {filter("a", Operator::kGreater, 6)}, 1}));
  EXPECT_FALSE(derive(slices, {{"a"}, {filter("a", Operator::kGreater, 6), filter("b", Operator::kEqual, 1)}, 1}));
  EXPECT_FALSE(derive({}, {{"a"}, {}, 1}));
}

TEST(Derive, AShareOfTheRowsIsNeitherTakenNorTakenFrom) {
  const std::vector<store::HeldSlice> half{held(1, 10, {{"a"}, {}, 0.5})};
  const std::vector<store::HeldSlice> whole{held(1, 10, {{"a"}, {}, 1})};
  EXPECT_FALSE(derive(half, {{"a"}, {}, 0.5}));
  EXPECT_FALSE(derive(half, {{"a"}, {}, 1}));
  EXPECT_FALSE(derive(whole, {{"a"}, {}, 0.5}));
  EXPECT_TRUE(derive(whole, {{"a"}, {}, 1}));
}

}  // namespace
}  // namespace lakelift::slices
