#include "backends/metadata/soci/postgresql_address.h"

#include <gtest/gtest.h>

namespace lakelift::metadata {
namespace {

TEST(PostgresqlAddress, WhatItDoesNotSayIsAdded) {
  const auto full = complete_postgresql_address("postgresql://ada:p%40ss%20w%3Dx@db.example.com:6432/lake");
  ASSERT_TRUE(full);
  for (const char* part : {"user=ada", "password=p%40ss%20w%3Dx", "host=db.example.com", "port=6432", "dbname=lake",
                           "client_encoding=UTF8", "connect_timeout=", "tcp_user_timeout=",
                           "target_session_attrs=read-write", "application_name=lakelift"}) {
    EXPECT_NE(full->find(part), std::string::npos) << part << " in " << *full;
  }
}

TEST(PostgresqlAddress, WhatItSaysStays) {
  const auto full = complete_postgresql_address(
      "postgres://h1:1,h2:2/lake?connect_timeout=30&target_session_attrs=any&options=-csearch_path%3Dmine"
      "&client_encoding=LATIN1");
  ASSERT_TRUE(full);
  for (const char* part : {"connect_timeout=30", "target_session_attrs=any", "options=-csearch_path%3Dmine",
                           "host=h1%2Ch2", "port=1%2C2", "client_encoding=UTF8"}) {
    EXPECT_NE(full->find(part), std::string::npos) << part << " in " << *full;
  }
}

TEST(PostgresqlAddress, WhatIsNoneIsRefusedWithoutRepeatingIt) {
  for (const char* address :
       {"", "lake", "mysql://a:secret@b/c", "host=b password=secret", "postgresql://a:sec%zzret@b/c",
        "postgresql://a:secret@b/c?nonsense=1", "postgresql://a:secret@[b/c"}) {
    const auto refused = complete_postgresql_address(address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, Code::kInvalid);
    EXPECT_EQ(refused.error().message.find("sec"), std::string::npos) << refused.error().message;
  }
}

TEST(PostgresqlAddress, SecretsAreMasked) {
  struct Case {
    const char* in;
    const char* out;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"postgresql://ada:secret@host:5432/lake", "postgresql://ada:***@host:5432/lake"},
           {"postgres://host/lake", "postgresql://host/lake"},
           {"postgresql://ada@host/lake?sslmode=require&sslpassword=secret",
            "postgresql://ada@host/lake?sslmode=require&sslpassword=***"},
           {"postgresql://host/lake?password=secret", "postgresql://:***@host/lake"},
           {"ada:secret@host", "***"},
           {"", ""},
       }) {
    EXPECT_EQ(masked_postgresql_address(c.in), c.out);
  }
}

}  // namespace
}  // namespace lakelift::metadata
