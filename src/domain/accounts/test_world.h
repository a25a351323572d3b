// Everything that the services of this folder stand on, for their tests: a database in a temporary folder and a clock
// that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backends/metadata/testing/temporary_database.h"
#include "domain/accounts/account_service.h"
#include "domain/accounts/api_token_service.h"
#include "domain/accounts/audit.h"
#include "domain/accounts/group_service.h"
#include "domain/accounts/key_service.h"

namespace lakelift::accounts::testing {

inline constexpr Micros kDay = 86'400 * kMicrosPerSecond;

class World : public ::testing::Test {
 protected:
  Account create(std::string_view email, AccountType type = AccountType::kResearcher) {
    return value_of(accounts_.create(email, type, std::nullopt));
  }
  template <typename T>
  T value_of(Result<T> result) {
    if (!result) {
      ADD_FAILURE() << result.error().event << ": " << result.error().message;
      return T{};
    }
    return *std::move(result);
  }
  std::string token_of(const Account& account) { return value_of(accounts_.issue_token(account, account.id)).token; }
  IssuedApiToken api_token_of(const Account& account, const std::string& name, Scope scope = Scope::kWrite) {
    return value_of(api_tokens_.create(account.id, {.name = name, .scope = scope}, account, most_of(account.type)));
  }
  // "" for an accepted one, else the event.
  std::string refusal(std::string_view token) {
    const auto caller = accounts_.identify(token);
    return caller ? "" : caller.error().event;
  }
  void sql(std::string_view text, const metadata::Params& params = {}) {
    ASSERT_TRUE(database_->write([&](metadata::Transaction& t) { return t.exec(text, params); }));
  }
  std::int64_t count(std::string_view table) {
    return std::get<0>(**database_->read(
        [&](metadata::Session& s) { return s.row<std::int64_t>(std::string("SELECT COUNT(*) FROM ").append(table)); }));
  }
  std::vector<ledger::Recorded> entries() {
    return database_->read([&](metadata::Session& s) { return ledger_.after(s, 0, 10'000); }).value();
  }
  std::vector<std::string> kinds() {
    std::vector<std::string> out;
    for (const auto& recorded : entries()) out.push_back(recorded.entry.kind);
    return out;
  }

  metadata::testing::TemporaryDatabase database_{{ledger::migrations(), migrations()}};
  ManualClock clock_;
  SeededRandom random_;
  ledger::Ledger ledger_{clock_, random_};
  KeyRing ring_ = KeyRing::load(*database_, clock_, random_).value();
  AccountService accounts_{*database_, ledger_, ring_, clock_, random_};
  GroupService groups_{*database_, ledger_, clock_};
  ApiTokenService api_tokens_{*database_, ledger_, clock_, random_};
  KeyService key_service_{*database_, ledger_, ring_, clock_, random_};
  Audit audit_{*database_, ledger_};
};

// How many of `times` parallel calls succeed.
template <typename F>
int successes(int times, F&& call) {
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < times; ++i) threads.emplace_back([&, i] { good += call(i) ? 1 : 0; });
  }
  return good;
}

}  // namespace lakelift::accounts::testing
