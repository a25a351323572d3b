#include "domain/slices/aged_version.h"

#include <gtest/gtest.h>

namespace lakelift::slices {
namespace {

TEST(AgedVersion, IsToldApartAndReadBack) {
  const std::string version = aged_version("v7|x", 1'700);
  EXPECT_EQ(version, "v7|x|since:1700");
  EXPECT_EQ(engine_version_of(version), "v7|x");
  EXPECT_EQ(age_began(version), 1'700);
  EXPECT_EQ(age_began(aged_version("", 0)), 0);
  EXPECT_EQ(engine_version_of(aged_version("", 0)), "");
}

TEST(AgedVersion, WhatHasNoAge) {
  for (const char* version : {"", "v7", "v7|since:", "v7|since:x", "v7|since:1x", "|since:99999999999999999999"}) {
    EXPECT_EQ(age_began(version), std::nullopt) << version;
    EXPECT_EQ(engine_version_of(version), version);
  }
}

TEST(AgedVersion, WhatWasReadIsOfTheAgeThatWasAsked) {
  EXPECT_EQ(read_version("v1|since:5", ""), "v1|since:5");
  EXPECT_EQ(read_version("v1|since:5", "v1"), "v1|since:5");
  EXPECT_EQ(read_version("v1|since:5", "v2"), "v2|since:5");
  EXPECT_EQ(read_version("v1", "v2"), "v2");
  EXPECT_EQ(read_version("v1", ""), "v1");
}

}  // namespace
}  // namespace lakelift::slices
