#include "domain/slices/link.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "backends/metadata/testing/temporary_database.h"
#include "base/limits.h"

namespace lakelift::slices {
namespace {

using accounts::KeyPurpose;
using accounts::KeyRing;
using metadata::testing::TemporaryDatabase;

class LinkTest : public ::testing::Test {
 protected:
  KeyRing load(TemporaryDatabase& database) {
    auto ring = KeyRing::load(*database, clock_, random_);
    EXPECT_TRUE(ring) << ring.error().message;
    return *std::move(ring);
  }
  [[nodiscard]] std::int64_t now() const { return clock_.now() / kMicrosPerSecond; }
  [[nodiscard]] std::string get_link(std::int64_t expires) const {
    return sign_link({12, 7, LinkPurpose::kGet, expires}, keys_);
  }
  void expect_refused(const std::string& path) const {
    const auto verified = verify_link(path, keys_, clock_);
    ASSERT_FALSE(verified) << path;
    EXPECT_EQ(verified.error().code, Code::kForbidden);
    EXPECT_EQ(verified.error().event, "LINK_NOT_VALID");
  }

  ManualClock clock_;
  SeededRandom random_;
  TemporaryDatabase database_{{accounts::migrations()}};
  KeyRing keys_ = load(database_);
};

TEST_F(LinkTest, OpensWhatItWasMadeFor) {
  const auto got = verify_link(get_link(now() + 3'600), keys_, clock_);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->request_id, 12);
  EXPECT_EQ(got->account_id, 7);
  EXPECT_EQ(got->purpose, LinkPurpose::kGet);
  EXPECT_EQ(got->expires, now() + 3'600);

  const auto waiting = verify_link(sign_link({1, 2, LinkPurpose::kWait, 0}, keys_), keys_, clock_);
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->purpose, LinkPurpose::kWait);
}

TEST_F(LinkTest, AWaitingAddressDoesNotAge) {
  const std::string path = sign_link({1, 2, LinkPurpose::kWait, 0}, keys_);
  clock_.advance(3'650LL * 86'400 * kMicrosPerSecond);
  EXPECT_TRUE(verify_link(path, keys_, clock_));
}

// threats U3: valid within [now, now + 7 days], never outside.
TEST_F(LinkTest, U3_ExpiryIsExact) {
  EXPECT_TRUE(verify_link(get_link(now()), keys_, clock_));
  EXPECT_TRUE(verify_link(get_link(now() + limits::kLinkMaxSeconds), keys_, clock_));
  for (const std::int64_t expires :
       {now() - 1, now() + limits::kLinkMaxSeconds + 1, std::int64_t{0}, std::int64_t{1}, std::int64_t{-1},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), now() * 1'000}) {
    expect_refused(get_link(expires));
  }
  const std::string path = get_link(now() + 3'600);
  clock_.advance(3'600 * kMicrosPerSecond);
  EXPECT_TRUE(verify_link(path, keys_, clock_));
  clock_.advance(1);
  expect_refused(path);
}

TEST_F(LinkTest, AWaitingAddressHasNoExpiry) {
  expect_refused(sign_link({1, 2, LinkPurpose::kWait, now() + 60}, keys_));
}

// threats U1: not one bit may differ.
TEST_F(LinkTest, U1_EverySingleBitFlipIsRefused) {
  for (const std::string& path : {get_link(now() + 3'600), sign_link({12, 7, LinkPurpose::kWait, 0}, keys_)}) {
    ASSERT_TRUE(verify_link(path, keys_, clock_));
    for (std::size_t i = 0; i < path.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string flipped = path;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
        expect_refused(flipped);
      }
    }
  }
}

TEST_F(LinkTest, U1_EveryDroppedDoubledOrSwappedByteIsRefused) {
  const std::string path = get_link(now() + 3'600);
  for (std::size_t i = 0; i < path.size(); ++i) {
    std::string dropped = path;
    dropped.erase(i, 1);
    expect_refused(dropped);
    std::string doubled = path;
    doubled.insert(i, 1, path[i]);
    expect_refused(doubled);
    std::string swapped = path;
    if (i + 1 < path.size()) std::swap(swapped[i], swapped[i + 1]);
    if (swapped != path) expect_refused(swapped);
  }
}

struct Parts {
  std::string request, account, purpose, expires, key_id, mac;
};

Parts parts_of(const std::string& path) {
  std::vector<std::string> out;
  std::string rest = path.substr(kLinkPrefix.size());
  for (std::size_t slash = rest.find('/'); slash != std::string::npos; slash = rest.find('/')) {
    out.push_back(rest.substr(0, slash));
    rest.erase(0, slash + 1);
  }
  out.push_back(rest);
  return {out.at(0), out.at(1), out.at(2), out.at(3), out.at(4), out.at(5)};
}

std::string join(const Parts& p, std::string_view prefix = kLinkPrefix) {
  return fmt::format("{}{}/{}/{}/{}/{}/{}", prefix, p.request, p.account, p.purpose, p.expires, p.key_id, p.mac);
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

TEST_F(LinkTest, U1_OtherSpellingsAreRefused) {
  const std::string path = get_link(now() + 3'600);
  const Parts ours = parts_of(path);
  ASSERT_EQ(join(ours), path);
  std::set<std::string> spellings;
  const auto with = [&](auto change) {
    Parts other = ours;
    change(other);
    spellings.insert(join(other));
  };
  for (const char* lead : {"0", "00", "+", "-", " ", "%20", "\t", "0x"}) {
    with([&](Parts& p) { p.request = lead + p.request; });
    with([&](Parts& p) { p.account = lead + p.account; });
    with([&](Parts& p) { p.expires = lead + p.expires; });
    with([&](Parts& p) { p.key_id = lead + p.key_id; });
    with([&](Parts& p) { p.mac = lead + p.mac; });
  }
  for (const char* tail : {" ", ".0", "%00", "e0", "/", "?", "#", ";a=b", "%2F"}) {
    with([&](Parts& p) { p.request += tail; });
    with([&](Parts& p) { p.expires += tail; });
    with([&](Parts& p) { p.mac += tail; });
  }
  with([](Parts& p) { p.request = "13"; });
  with([](Parts& p) { p.request = ""; });
  with([](Parts& p) { p.request = "18446744073709551628"; });  // 12 modulo 2^64
  with([](Parts& p) { p.account = "8"; });
  with([](Parts& p) { std::swap(p.request, p.account); });
  with([](Parts& p) { p.purpose = "wait"; });
  with([](Parts& p) { p.purpose = "GET"; });
  with([](Parts& p) { p.purpose = ""; });
  with([](Parts& p) { p.purpose = "g%65t"; });
  with([](Parts& p) { p.expires = "0"; });
  with([](Parts& p) { p.expires = std::to_string(std::stoll(p.expires) + 1); });
  with([](Parts& p) { p.key_id = ""; });
  with([](Parts& p) { p.key_id = std::string(10'000, 'a'); });
  with([](Parts& p) { p.mac = ""; });
  with([](Parts& p) { p.mac = std::string(64, '0'); });
  with([](Parts& p) { p.mac = p.mac.substr(0, 32); });
  with([](Parts& p) { p.mac = p.mac + p.mac; });
  if (upper(ours.mac) != ours.mac) with([](Parts& p) { p.mac = upper(p.mac); });
  spellings.insert(join(ours, "/downloader//data/"));
  spellings.insert(join(ours, "//downloader/data/"));
  spellings.insert(join(ours, "/downloader/./data/"));
  spellings.insert(join(ours, "/Downloader/data/"));
  spellings.insert(join(ours, "downloader/data/"));
  spellings.insert(join(ours, "http://127.0.0.1/downloader/data/"));
  spellings.insert(path + "/");
  spellings.insert(path + "?format=csv");
  spellings.insert(path + std::string(1, '\0'));
  spellings.insert("");
  spellings.insert(std::string(kLinkPrefix));
  spellings.insert(std::string(100'000, '/'));
  EXPECT_GE(spellings.size(), 40U);
  for (const auto& spelling : spellings) expect_refused(spelling);
}

TEST_F(LinkTest, AnotherPurposesKeyOpensNothing) {
  const std::string message = fmt::format("{}12/7/get/{}", kLinkPrefix, now() + 60);
  const auto token = keys_.sign(KeyPurpose::kToken, message);
  expect_refused(fmt::format("{}/{}/{}", message, token.key_id, token.mac));
  const auto link = keys_.sign(KeyPurpose::kLink, message);
  EXPECT_TRUE(verify_link(fmt::format("{}/{}/{}", message, link.key_id, link.mac), keys_, clock_));
}

TEST_F(LinkTest, AnotherServersAddressOpensNothing) {
  SeededRandom random(99);
  TemporaryDatabase database({accounts::migrations()});
  const auto other = KeyRing::load(*database, clock_, random);
  ASSERT_TRUE(other);
  expect_refused(sign_link({12, 7, LinkPurpose::kGet, now() + 60}, *other));
}

}  // namespace
}  // namespace lakelift::slices
