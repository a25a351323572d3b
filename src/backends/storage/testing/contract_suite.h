// What every store does, as tests. A store's test program includes this and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Disk, ObjectStoreContract, ::testing::Values(StoreFactory{"disk", [] { … }}),
//   name_of_case);
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "backends/storage/object_store.h"
#include "backends/storage/testing/memory_store.h"
#include "backends/storage/testing/store_under_test.h"
#include "base/encoding.h"

namespace lakelift::storage::testing {

class ObjectStoreContract : public ::testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_NE(subject_, nullptr);
  }
  ObjectStore& store() { return subject_->store(); }
  std::string key() { return new_key(random_); }
  std::vector<std::string> all_keys(std::size_t page_size) {
    std::vector<std::string> keys;
    std::string after;
    for (int pages = 0; pages < 10'000; ++pages) {
      const auto page = store().list(after, page_size);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        break;
      }
      EXPECT_LE(page->objects.size(), page_size);
      for (const ObjectInfo& info : page->objects) keys.push_back(info.key);
      if (page->next.empty()) break;
      after = page->next;
    }
    return keys;
  }

  SystemRandom random_;
  std::unique_ptr<StoreUnderTest> subject_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStoreContract);

TEST_P(ObjectStoreContract, WhatWasPublishedIsReadBack) {
  const std::string k = key();
  const auto info = put(store(), k, "hello");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->key, k);
  EXPECT_EQ(info->size_bytes, 5U);
  EXPECT_EQ(info->sha256, sha256_hex("hello"));
  EXPECT_GT(info->modified, 0);
  EXPECT_EQ(get(store(), k).value_or("?"), "hello");
}

TEST_P(ObjectStoreContract, AnEmptyObjectIsAnObject) {
  const std::string k = key();
  const auto info = put(store(), k, "");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size_bytes, 0U);
  EXPECT_EQ(info->sha256, sha256_hex(""));
  EXPECT_EQ(get(store(), k).value_or("?"), "");
}

TEST_P(ObjectStoreContract, RangesAreExact) {
  const std::string k = key();
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += static_cast<char>('a' + i % 23);
  ASSERT_TRUE(put(store(), k, content));
  const auto reader = store().open(k);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->size_bytes(), content.size());
  struct Range {
    std::size_t offset, length;
  };
  for (const Range r : {Range{0, 1}, Range{0, 100'000}, Range{99'999, 1}, Range{5, 70'000}, Range{99'990, 100},
                        Range{100'000, 10}, Range{200'000, 10}, Range{7, 0}}) {
    std::string out(r.length, '?');
    const auto n = (*reader)->read_at(r.offset, std::as_writable_bytes(std::span(out)));
    ASSERT_TRUE(n);
    const std::string expected = r.offset < content.size() ? content.substr(r.offset, r.length) : "";
    EXPECT_EQ(*n, expected.size());
    EXPECT_EQ(out.substr(0, *n), expected);
  }
}

TEST_P(ObjectStoreContract, AnExistingKeyIsNeverOverwritten) {
  const std::string k = key();
  ASSERT_TRUE(put(store(), k, "first"));
  const auto second = put(store(), k, "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_EQ(get(store(), k).value_or("?"), "first");
}

TEST_P(ObjectStoreContract, OfManyPublishersOneWins) {
  const std::string k = key();
  std::atomic<int> won = 0;
  std::atomic<int> lost = 0;
  {
    std::latch start(6);
    std::vector<std::jthread> publishers;
    for (int i = 0; i < 6; ++i) {
      publishers.emplace_back([&, i] {
        start.arrive_and_wait();
        const auto info = put(store(), k, std::string(10'000, static_cast<char>('0' + i)));
        if (info) ++won;
        if (!info && info.error().code == Code::kConflict) ++lost;
      });
    }
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 5);
  const std::string content = get(store(), k).value_or("");
  EXPECT_EQ(content, std::string(10'000, content.at(0)));
}

TEST_P(ObjectStoreContract, WhatIsNotPublishedLeavesNothing) {
  {
    const auto staged = store().stage();
    ASSERT_TRUE(staged);
    ASSERT_TRUE(write_all((*staged)->fd(), as_bytes("dropped")));
  }
  EXPECT_TRUE(all_keys(10).empty());
  EXPECT_EQ(store().sweep_staged().value_or(99), 0U);
}

TEST_P(ObjectStoreContract, AStagedFileCanBeReadAndRewritten) {
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  ASSERT_TRUE(write_all((*staged)->fd(), as_bytes("a longer text")));
  ASSERT_EQ(::ftruncate((*staged)->fd(), 8), 0);
  ASSERT_EQ(::pwrite((*staged)->fd(), "A", 1, 0), 1);
  std::string back(8, '?');
  ASSERT_EQ(read_at((*staged)->fd(), 0, std::as_writable_bytes(std::span(back))).value_or(0), 8U);
  EXPECT_EQ(back, "A longer");
  const auto info = store().publish(*std::move(staged), k);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->sha256, sha256_hex("A longer"));
  EXPECT_EQ(get(store(), k).value_or("?"), "A longer");
}

TEST_P(ObjectStoreContract, WhatIsNotThereIsNotFound) {
  const auto opened = store().open(key());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kNotFound);
  EXPECT_TRUE(store().remove(key()));
}

TEST_P(ObjectStoreContract, WhatWasRemovedIsGoneButAnOpenOneStaysReadable) {
  const std::string k = key();
  ASSERT_TRUE(put(store(), k, "still here"));
  const auto reader = store().open(k);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(store().remove(k));
  EXPECT_FALSE(store().open(k));
  EXPECT_TRUE(all_keys(10).empty());
  std::string out(10, '?');
  const auto got = (*reader)->read_at(0, std::as_writable_bytes(std::span(out)));
  if (store().is_remote()) {
    // Nothing over there remembers who has it open: the reader says so, or has what it read before; never other bytes.
    if (got) {
      EXPECT_EQ(out, "still here");
    } else {
      EXPECT_EQ(got.error().code, Code::kNotFound) << got.error().message;
    }
  } else {
    EXPECT_EQ(got.value_or(0), 10U);
    EXPECT_EQ(out, "still here");
  }
  EXPECT_TRUE(store().remove(k));
}

TEST_P(ObjectStoreContract, ListsInOrderOfKeyPageByPage) {
  std::vector<std::string> keys;
  for (int i = 0; i < 57; ++i) {
    keys.push_back(key());
    ASSERT_TRUE(put(store(), keys.back(), std::string(static_cast<std::size_t>(i), 'x')));
  }
  std::ranges::sort(keys);
  for (const std::size_t page_size : {1U, 7U, 57U, 1'000U}) EXPECT_EQ(all_keys(page_size), keys) << page_size;
  const auto rest = store().list(keys[40], 100);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->objects.size(), 16U);
  EXPECT_EQ(rest->objects.front().key, keys[41]);
  EXPECT_TRUE(rest->next.empty());
  std::uint64_t bytes = 0;
  const auto all = store().list("", 100);
  ASSERT_TRUE(all);
  for (const ObjectInfo& info : all->objects) bytes += info.size_bytes;
  EXPECT_EQ(bytes, 57U * 56U / 2U);
  EXPECT_FALSE(store().list("", 0));
  EXPECT_FALSE(store().list("../", 10));
}

TEST_P(ObjectStoreContract, ListsWhileOthersWriteAndRemove) {
  std::vector<std::string> kept;
  for (int i = 0; i < 20; ++i) {
    kept.push_back(key());
    ASSERT_TRUE(put(store(), kept.back(), "kept"));
  }
  std::ranges::sort(kept);
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    while (!stop) {
      const std::string k = new_key(random_);
      EXPECT_TRUE(put(store(), k, "passing"));
      EXPECT_TRUE(store().remove(k));
    }
  });
  for (int round = 0; round < 20; ++round) {
    const auto keys = all_keys(5);
    EXPECT_TRUE(std::ranges::is_sorted(keys));
    EXPECT_TRUE(std::ranges::includes(keys, kept));
  }
  stop = true;
}

TEST_P(ObjectStoreContract, BadKeysAreRefusedByEveryCall) {
  for (const std::string& bad : std::initializer_list<std::string>{
           "", ".", "..", "../../etc/passwd", "ab", std::string(31, 'a'), std::string(33, 'a'), std::string(32, 'A'),
           std::string(32, 'g'), "/" + std::string(31, 'a'), std::string(16, 'a') + "/" + std::string(15, 'a'),
           "../" + std::string(29, 'a'), std::string(31, 'a') + std::string(1, '\0'), std::string(31, 'a') + "\n"}) {
    EXPECT_EQ(put(store(), bad, "x").error().code, Code::kInvalid) << bad;
    EXPECT_EQ(store().open(bad).error().code, Code::kInvalid) << bad;
    EXPECT_EQ(store().remove(bad).error().code, Code::kInvalid) << bad;
  }
  EXPECT_TRUE(all_keys(10).empty());
}

TEST_P(ObjectStoreContract, ABigObjectIsWhole) {
  constexpr std::size_t kPiece = 1 << 20;
  constexpr std::size_t kPieces = 64;
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  Sha256 hash;
  std::vector<std::byte> piece(kPiece);
  SeededRandom content(7);
  for (std::size_t i = 0; i < kPieces; ++i) {
    content.fill(piece);
    hash.update(piece);
    ASSERT_TRUE(write_all((*staged)->fd(), piece));
  }
  const auto info = store().publish(*std::move(staged), k);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, kPiece * kPieces);
  EXPECT_EQ(info->sha256, hex_encode(hash.finish()));
  const auto reader = store().open(k);
  ASSERT_TRUE(reader);
  Sha256 back;
  for (std::size_t i = 0; i < kPieces; ++i) {
    ASSERT_EQ((*reader)->read_at(i * kPiece, piece).value_or(0), kPiece);
    back.update(piece);
  }
  EXPECT_EQ(hex_encode(back.finish()), info->sha256);
}

TEST_P(ObjectStoreContract, WhatIsAppendedIsHashedOnItsWay) {
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  std::string content;
  for (const std::string piece : {"a", "", "longer piece ", "z"}) {
    ASSERT_TRUE((*staged)->append(as_bytes(piece)));
    content += piece;
    EXPECT_EQ((*staged)->appended_bytes(), content.size());
  }
  EXPECT_EQ((*staged)->sealed_sha256(), "");
  EXPECT_EQ((*staged)->seal(), sha256_hex(content));
  EXPECT_EQ((*staged)->seal(), sha256_hex(content)) << "again";
  EXPECT_EQ((*staged)->append(as_bytes("x")).error().code, Code::kInternal) << "it is sealed";
  const auto info = store().publish(*std::move(staged), k);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size_bytes, content.size());
  EXPECT_EQ(info->sha256, sha256_hex(content));
  EXPECT_EQ(get(store(), k).value_or("?"), content);
}

TEST_P(ObjectStoreContract, WhatIsAppendedNeedNotBeSealed) {
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  ASSERT_TRUE((*staged)->append(as_bytes("appended")));
  const auto info = store().publish(*std::move(staged), k);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->sha256, sha256_hex("appended"));
}

TEST_P(ObjectStoreContract, ASealedObjectMayBeEmpty) {
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  EXPECT_EQ((*staged)->seal(), sha256_hex(""));
  EXPECT_TRUE(store().publish(*std::move(staged), k));
  EXPECT_EQ(get(store(), k).value_or("?"), "");
}

TEST_P(ObjectStoreContract, ASealedObjectWithOtherBytesIsRefused) {
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  ASSERT_TRUE((*staged)->append(as_bytes("appended")));
  (void)(*staged)->seal();
  ASSERT_TRUE(write_all((*staged)->fd(), as_bytes(" and more")));
  EXPECT_EQ(store().publish(*std::move(staged), k).error().code, Code::kInternal);
  EXPECT_FALSE(store().open(k));
}

TEST_P(ObjectStoreContract, ABigObjectIsAppendedPieceByPiece) {
  constexpr std::size_t kPiece = (1 << 20) + 13;
  constexpr int kPieces = 20;  // the disk is asked to take them several times
  const std::string k = key();
  auto staged = store().stage();
  ASSERT_TRUE(staged);
  std::vector<std::byte> piece(kPiece);
  SeededRandom content(7);
  Sha256 hash;
  for (int i = 0; i < kPieces; ++i) {
    content.fill(piece);
    hash.update(piece);
    ASSERT_TRUE((*staged)->append(piece));
  }
  const std::string sealed = (*staged)->seal();
  EXPECT_EQ(sealed, hex_encode(hash.finish()));
  ASSERT_TRUE(store().publish(*std::move(staged), k));
  const auto reader = store().open(k);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->size_bytes(), kPiece * kPieces);
  Sha256 back;
  for (int i = 0; i < kPieces; ++i) {
    ASSERT_EQ((*reader)->read_at(static_cast<std::uint64_t>(i) * kPiece, piece).value_or(0), kPiece);
    back.update(piece);
  }
  EXPECT_EQ(hex_encode(back.finish()), sealed);
}

// The disk has no room for more: of a file, which the kernel refuses as it does with a full disk (threats D3).
TEST_P(ObjectStoreContract, AppendingBeyondTheRoomIsNoSpaceAndLeavesTheRest) {
  const std::string kept = key();
  ASSERT_TRUE(put(store(), kept, "kept"));
  const pid_t child = ::fork();  // the limit is the process's
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{64 * 1024, 64 * 1024};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    auto over = store().stage();
    const std::string piece(40 * 1024, 'x');
    if (!over || !(*over)->append(as_bytes(piece))) ::_exit(2);
    const auto refused = (*over)->append(as_bytes(piece));
    if (refused || refused.error().code != Code::kNoSpace) ::_exit(3);
    over->reset();
    auto small = store().stage();
    if (!small || !(*small)->append(as_bytes("small"))) ::_exit(4);
    (void)(*small)->seal();
    if (!subject_->works_in_a_child()) {
      small->reset();
      ::_exit(0);
    }
    if (!store().publish(*std::move(small), new_key(random_))) ::_exit(5);
    if (get(store(), kept).value_or("?") != "kept") ::_exit(6);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(get(store(), kept).value_or("?"), "kept");
}

TEST_P(ObjectStoreContract, CheckAnswersAndLeavesNothing) {
  EXPECT_TRUE(store().check());
  EXPECT_TRUE(all_keys(10).empty());
  EXPECT_EQ(store().sweep_staged().value_or(99), 0U);
}

}  // namespace lakelift::storage::testing
