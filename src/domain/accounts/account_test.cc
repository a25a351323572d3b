#include "domain/accounts/account.h"

#include <gtest/gtest.h>

#include "domain/accounts/account_store.h"

namespace lakelift::accounts {
namespace {

TEST(Account, TypesAreTheContractsWords) {
  EXPECT_EQ(name_of(AccountType::kAdmin), "ADMIN");
  EXPECT_EQ(name_of(AccountType::kResearcher), "RESEARCHER");
  EXPECT_EQ(account_type_of("ADMIN"), AccountType::kAdmin);
  EXPECT_EQ(account_type_of("RESEARCHER"), AccountType::kResearcher);
  for (const char* other : {"", "admin", "ADMIN ", "ROOT"}) EXPECT_FALSE(account_type_of(other)) << other;
}

TEST(Account, IsShownAsTheContractSays) {
  EXPECT_EQ(to_text(to_json({7, "reader@example.com", "reader", AccountType::kAdmin, 5})),
            R"({"@type":"account","id":7,"email":"reader@example.com","type":"ADMIN"})");
}

TEST(NormalEmail, LowersWhatIsAnAddress) {
  EXPECT_EQ(normal_email("Reader.B+tag@Example.COM"), "reader.b+tag@example.com");
  EXPECT_EQ(normal_email("a@b"), "a@b");
  EXPECT_TRUE(normal_email(std::string(250, 'a') + "@b.c"));
}

TEST(NormalEmail, RefusesTheRest) {
  for (const std::string& bad :
       {std::string(), std::string("@"), std::string("ab"), std::string("a@"), std::string("@b"), std::string("@@@"),
        std::string("a@b@c"), std::string("a b@c"), std::string("a@b\n"), std::string("a@b\0", 4), std::string("\ta@b"),
        std::string("ä@b.c"), std::string(251, 'a') + "@b.c"}) {
    EXPECT_FALSE(normal_email(bad)) << bad;
  }
}

TEST(UsernameFrom, KeepsWhatANameMayHold) {
  SeededRandom random;
  EXPECT_EQ(username_from("reader.b@example.com", 0, random), "reader.b");
  EXPECT_EQ(username_from("Reader+b/../c@example.com", 0, random), "readerb..c");
  EXPECT_EQ(username_from("..x@example.com", 0, random), "x");
  EXPECT_EQ(username_from("-rf@example.com", 0, random), "rf");
  EXPECT_EQ(username_from("++@example.com", 0, random), "user");
  EXPECT_EQ(username_from("admin@example.com", 0, random), "admin-2");
  EXPECT_EQ(username_from("reader@example.com", 1, random), "reader-2");
  EXPECT_EQ(username_from("reader@example.com", 9, random), "reader-10");
  const std::string longest = std::string(64, 'a') + "@example.com";
  EXPECT_EQ(username_from(longest, 0, random), std::string(32, 'a'));
  EXPECT_EQ(username_from(longest, 1, random), std::string(30, 'a') + "-2");
  EXPECT_NE(username_from(longest, 50, random), username_from(longest, 51, random));
  EXPECT_EQ(username_from(longest, 50, random).size(), 32U);
}

}  // namespace
}  // namespace lakelift::accounts
