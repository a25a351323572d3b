// A long row of random changes by three people, each compared with the model of model.h.
#include "domain/files/model.h"

#include <algorithm>
#include <random>

#include "domain/files/test_world.h"

namespace lakelift::files {
namespace {

using testing::Model;
using testing::refusal;
using testing::value_of;

constexpr int kOperations = 250;  // of each seed
constexpr std::size_t kMostNodes = 300;
constexpr int kMostDepth = 20;

class ModelTest : public testing::World, public ::testing::WithParamInterface<unsigned> {
 protected:
  ModelTest() : World({.quota_bytes = 0, .quota_files = 0, .trash_days = 30}) { group("team", {bob_, carol_}); }

  std::size_t pick(std::size_t below) { return engine_() % below; }
  template <typename T, std::size_t N>
  const T& pick(const std::array<T, N>& of) {
    return of[pick(N)];
  }
  const accounts::Account& account(const std::string& name) {
    if (name == "alice") return alice_;
    return name == "bob" ? bob_ : carol_;
  }
  std::string anybody() { return pick(std::to_array<std::string>({"alice", "bob", "carol"})); }
  Model::At somewhere() {
    const auto names = std::to_array<std::string>({"a", "b", "c.x", "\xc3\xa9"});
    std::string path;
    for (std::size_t depth = pick(12) == 0 ? 0 : 1 + pick(3); depth > 0; --depth) {
      path += (path.empty() ? "" : "/") + pick(names);
    }
    return {anybody(), path};
  }
  // Mostly where something is.
  Model::At something() {
    const std::string owner = anybody();
    const auto& tree = model_.place(owner).tree;
    if (tree.empty() || pick(4) == 0) return somewhere();
    return {owner, std::next(tree.begin(), static_cast<std::ptrdiff_t>(pick(tree.size())))->first};
  }
  static Address address(const Model::At& at) { return {at.owner, value_of(FilePath::parse(at.path))}; }
  // Mostly somebody who may.
  std::string actor_on(const Model::At& at) { return pick(2) == 0 ? at.owner : anybody(); }

  // Copies of copies would soon fill all: the model knows no limit of a path's length.
  bool is_too_much(const Model::At& from) {
    return std::ranges::any_of(model_.place(from.owner).tree, [&](const auto& node) {
      return Model::covers(from.path, node.first) && std::ranges::count(node.first, '/') > kMostDepth;
    });
  }

  // What the service and the model say.
  struct Said {
    std::string what, service, model;
  };
  Said change();
  Said move_or_copy();
  Said share();
  Said use_trash();
  void compare_place(const std::string& owner);
  void compare_view(const std::string& who, const Model::At& at);

  std::mt19937 engine_{GetParam()};
  Model model_;
};

ModelTest::Said ModelTest::change() {
  const auto at = pick(2) == 0 ? something() : somewhere();
  const std::string who = actor_on(at);
  switch (pick(5)) {
    case 0:
      return {"folder", refusal(files_.make_folder(account(who), address(at))), model_.make_folder(who, at)};
    case 1: {
      const bool all = pick(2) == 0;
      return {"remove", refusal(files_.remove(account(who), address(at), all)), model_.remove(who, at, all)};
    }
    default: {
      const std::string content = "content " + std::to_string(pick(5));
      return {"upload", put(account(who), at.owner + "/" + at.path, content), model_.upload(who, at, content)};
    }
  }
}

ModelTest::Said ModelTest::move_or_copy() {
  const auto from = something();
  const auto to = pick(3) == 0 ? somewhere() : Model::At{from.owner, somewhere().path};
  const std::string who = actor_on(from);
  const bool over = pick(2) == 0;
  if (is_too_much(from) || model_.place(to.owner).tree.size() > kMostNodes) return {};
  if (pick(2) == 0) {
    return {"move", refusal(files_.move(account(who), address(from), {address(to), over})),
            model_.move(who, from, to, over)};
  }
  return {"copy", refusal(files_.copy(account(who), address(from), {address(to), over})),
          model_.copy(who, from, to, over)};
}

ModelTest::Said ModelTest::share() {
  const auto at = something();
  const std::string who = actor_on(at);
  const std::string to = pick(3) == 0 ? "team" : anybody();
  const Grantee grantee = to == "team" ? Grantee{{}, to} : Grantee{to, {}};
  if (pick(3) == 0) {
    return {"revoke", refusal(files_.revoke(account(who), address(at), grantee)), model_.revoke(who, at, to)};
  }
  const Right right = pick(2) == 0 ? Right::kRead : Right::kWrite;
  return {"grant", refusal(files_.grant(account(who), address(at), grantee, right)), model_.grant(who, at, to, right)};
}

ModelTest::Said ModelTest::use_trash() {
  const std::string owner = anybody();
  auto& expected = model_.place(owner).trash;
  if (expected.empty()) return {};
  const std::size_t index = pick(expected.size());
  const std::int64_t id = trash(account(owner)).at(expected.size() - 1 - index).id;
  if (pick(3) == 0) {
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(index));
    return {"empty", refusal(files_.empty_trash(account(owner), owner, id)), ""};
  }
  return {"restore", refusal(files_.restore(account(owner), owner, id)), model_.restore(owner, index)};
}

void ModelTest::compare_place(const std::string& owner) {
  const auto& caller = account(owner);
  Model::Place& expected = model_.place(owner);
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  const auto files = value_of(files_.list(caller, {owner, {}}, {.recursive = true, .limit = 1'000})).files;
  ASSERT_EQ(files.size(), expected.tree.size());
  auto node = expected.tree.begin();
  for (const auto& file : files) {
    ASSERT_EQ(file.path.text(), node->first);
    ASSERT_EQ(file.kind == FileKind::kFolder, node->second.is_folder);
    ASSERT_EQ(file.is_shared, !node->second.grants.empty()) << node->first;
    if (!node->second.is_folder) {
      ASSERT_EQ(file.sha256, sha256_hex(node->second.content));
      bytes += static_cast<std::int64_t>(node->second.content.size());
      ++count;
    }
    ++node;
  }
  const auto thrown = trash(caller);
  ASSERT_EQ(thrown.size(), expected.trash.size());
  for (std::size_t i = 0; i < thrown.size(); ++i) {
    const auto& row = expected.trash[expected.trash.size() - 1 - i];
    ASSERT_EQ(thrown[i].path.text(), row.path);
    ASSERT_EQ(thrown[i].sha256, sha256_hex(row.content));
    ASSERT_EQ(thrown[i].was_replaced, row.was_replaced);
  }
  const Usage used = usage(caller);
  ASSERT_EQ(used.bytes, bytes);
  ASSERT_EQ(used.files, count);
  ASSERT_EQ(used.trash_files, static_cast<std::int64_t>(expected.trash.size()));
}

void ModelTest::compare_view(const std::string& who, const Model::At& at) {
  const auto got = files_.get(account(who), address(at));
  const std::string bytes = read(account(who), at.owner + "/" + at.path);
  if (!model_.may_read(who, at)) {
    ASSERT_EQ(refusal(got), "COULD_NOT_FIND_FILE");
    ASSERT_EQ(bytes, "!COULD_NOT_FIND_FILE");
    return;
  }
  ASSERT_EQ(refusal(got), "");
  ASSERT_EQ(got->right, *model_.right(who, at));
  ASSERT_EQ(bytes, model_.is_folder(at) ? "!FILE_IS_A_FOLDER" : model_.entry(at).content);
  if (!model_.is_folder(at)) return;
  std::vector<std::pair<std::string, Right>> listed;
  for (const auto& file : value_of(files_.list(account(who), address(at), {.limit = 1'000})).files) {
    listed.emplace_back(file.path.text(), file.right);
  }
  std::vector<std::pair<std::string, Right>> expected;
  for (const auto& [path, node] : model_.place(at.owner).tree) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
    if (parent == at.path) expected.emplace_back(path, *model_.right(who, {at.owner, path}));
  }
  ASSERT_EQ(listed, expected);
}

TEST_P(ModelTest, EveryChangeIsWhatTheModelSays) {
  std::map<std::string, int> done;
  for (int i = 0; i < kOperations; ++i) {
    clock_.advance(1'000'000);
    const auto kind = pick(10);
    const Said said = kind < 4 ? change() : kind < 6 ? move_or_copy() : kind < 8 ? share() : use_trash();
    ASSERT_EQ(said.service, said.model) << "operation " << i << ": " << said.what;
    if (said.service.empty()) ++done[said.what];
    const std::string owner = anybody();
    ASSERT_NO_FATAL_FAILURE(compare_place(owner)) << "operation " << i << ": " << said.what;
    ASSERT_NO_FATAL_FAILURE(compare_view(anybody(), something())) << "operation " << i << ": " << said.what;
  }
  for (const char* what : {"upload", "folder", "remove", "move", "copy", "grant", "revoke", "restore", "empty"}) {
    EXPECT_GT(done[what], 0) << what << " never succeeded: this compares nothing";
  }
  expect_books_are_right();
  expect_objects_are_those_referred_to();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace lakelift::files
