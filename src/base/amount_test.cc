#include "base/amount.h"

#include <gtest/gtest.h>

namespace lakelift {
namespace {

TEST(AmountTest, MoneyIsExact) {
  EXPECT_EQ(parse_money("5").value(), 5'000'000);
  EXPECT_EQ(parse_money("5.00").value(), 5'000'000);
  EXPECT_EQ(parse_money("0.000001").value(), 1);
  EXPECT_EQ(parse_money("123456789012.5").value(), 123'456'789'012'500'000);
  for (const char* wrong : {"", ".", "5.", ".5", "-1", "1e3", "5,00", "0.0000001", "5 USD", "9999999999999"}) {
    EXPECT_FALSE(parse_money(wrong)) << wrong;
  }
}

TEST(AmountTest, SizesOfBothKinds) {
  EXPECT_EQ(parse_bytes("4096").value(), 4'096);
  EXPECT_EQ(parse_bytes("10MB").value(), 10'000'000);
  EXPECT_EQ(parse_bytes("1.5TB").value(), 1'500'000'000'000);
  EXPECT_EQ(parse_bytes("64MiB").value(), 64LL << 20);
  EXPECT_EQ(parse_bytes("0.5KiB").value(), 512);
  EXPECT_EQ(parse_bytes("7B").value(), 7);
  for (const char* wrong : {"", "MB", "ten", "-1MB", "1.5B", "0.3", "1XB", "9999999PB", "10 mb"}) {
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  }
}

TEST(AmountTest, BytesForPeople) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1'000), "1.0 kB");
  EXPECT_EQ(bytes_text(999'999), "1.0 MB");
  EXPECT_EQ(bytes_text(3'400'000'000'000), "3.4 TB");
  EXPECT_EQ(bytes_text(INT64_MAX), "9.2 EB");
}

TEST(AmountTest, MoneyForPeople) {
  EXPECT_EQ(money_text(0, "USD"), "0.00 USD");
  EXPECT_EQ(money_text(3'200'000, "EUR"), "3.20 EUR");
  EXPECT_EQ(money_text(50, "USD"), "0.00005 USD");
  EXPECT_EQ(money_text(9'000, "USD"), "0.009 USD");
  EXPECT_EQ(money_text(1'999'999, "USD"), "2.00 USD");
  EXPECT_EQ(money_text(-3'200'000, "USD"), "-3.20 USD");
}

}  // namespace
}  // namespace lakelift
