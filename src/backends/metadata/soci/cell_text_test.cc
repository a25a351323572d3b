#include "backends/metadata/soci/cell_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace lakelift::metadata {
namespace {

TEST(CellText, NumbersComeBackAsTheyWere) {
  rc::check([](std::int64_t number, std::uint64_t bits) {
    RC_ASSERT(from_text(CellKind::kInt, to_text(number)).value() == Cell(number));
    double real = 0;
    std::memcpy(&real, &bits, sizeof real);
    RC_PRE(!std::isnan(real));
    RC_ASSERT(from_text(CellKind::kDouble, to_text(real)).value() == Cell(real));
  });
}

TEST(CellText, WhatPostgresqlWrites) {
  EXPECT_EQ(from_text(CellKind::kInt, "t").value(), Cell(std::int64_t{1}));
  EXPECT_EQ(from_text(CellKind::kInt, "f").value(), Cell(std::int64_t{0}));
  EXPECT_EQ(from_text(CellKind::kDouble, "1.75").value(), Cell(1.75));
  EXPECT_EQ(from_text(CellKind::kDouble, "-Infinity").value(), Cell(-std::numeric_limits<double>::infinity()));
  EXPECT_EQ(from_text(CellKind::kText, "t").value(), Cell(std::string("t")));
}

TEST(CellText, WhatIsNoNumberIsNotTakenForOne) {
  for (const char* text : {"", "1.5", "1e3", "x", "99999999999999999999"}) {
    EXPECT_EQ(from_text(CellKind::kInt, text).error().code, Code::kInternal) << text;
  }
  EXPECT_FALSE(from_text(CellKind::kDouble, "1,5"));
}

}  // namespace
}  // namespace lakelift::metadata
