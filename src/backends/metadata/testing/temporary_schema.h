// A schema of a test's own in the PostgreSQL that the tests share.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <string>

#include "backends/metadata/soci/postgresql_database.h"

namespace lakelift::metadata::testing {

// LAKELIFT_TEST_POSTGRESQL, or what the file LAKELIFT_TEST_POSTGRESQL_FILE holds; empty: tests run on SQLite.
inline std::string postgresql_address() {
  if (const char* address = ::getenv("LAKELIFT_TEST_POSTGRESQL"); address != nullptr) return address;
  const char* file = ::getenv("LAKELIFT_TEST_POSTGRESQL_FILE");
  if (file == nullptr) return {};
  std::string address;
  std::ifstream(file) >> address;
  return address.empty() ? std::string("the file has no address") : address;
}

// For tests that need PostgreSQL whatever the others run on.
inline std::string needed_postgresql_address() {
  std::string address = postgresql_address();
  EXPECT_FALSE(address.empty()) << "LAKELIFT_TEST_POSTGRESQL is to be the address of a PostgreSQL: "
                                   "`tests/peers/postgresql start build/peers/postgresql` prints one";
  return address;
}

inline std::unique_ptr<Database> must_open_postgresql(const std::string& address) {
  auto opened = open_postgresql(address);
  if (!opened) {
    ADD_FAILURE() << opened.error().message;
    abort();
  }
  return *std::move(opened);
}

class TemporarySchema {
 public:
  explicit TemporarySchema(std::string server) : server_(std::move(server)) {
    static std::atomic<int> made = 0;
    name_ = "t_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
    run("CREATE SCHEMA " + name_);
  }
  ~TemporarySchema() { run("DROP SCHEMA " + name_ + " CASCADE"); }
  TemporarySchema(const TemporarySchema&) = delete;
  TemporarySchema& operator=(const TemporarySchema&) = delete;

  // Of the database with this schema before all others.
  [[nodiscard]] std::string address() const { return within(server_); }
  // The same by another way to the server.
  [[nodiscard]] std::string within(const std::string& server) const {
    return server + (server.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + name_;
  }

 private:
  void run(const std::string& sql) {
    const auto done = must_open_postgresql(server_)->write([&](Transaction& t) { return t.exec(sql); });
    EXPECT_TRUE(done) << sql << ": " << done.error().message;
  }

  std::string server_;
  std::string name_;
};

}  // namespace lakelift::metadata::testing
