// Every command's --help ends with examples, and every example is a command line that works as far as parsing goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <sstream>

#include "edge/cli/cli.h"
#include "edge/cli/testing/run_cli.h"

namespace lakelift::cli {
namespace {

using testing::CliRun;
using testing::run_cli;
using testing::spit;
using testing::TempFolder;

std::vector<std::string> words_of(const std::string& text, char separator = ' ') {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);) words.push_back(word);
  return words;
}

// As a shell would, as far as the examples go: single quotes.
std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words(1);
  bool is_quoted = false;
  for (const char c : line) {
    if (c == '\'') {
      is_quoted = !is_quoted;
    } else if (c == ' ' && !is_quoted) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

std::vector<std::string> command_paths() {
  const std::string script = run_cli({"completion", "bash"}).out;
  std::vector<std::string> paths;
  static const std::regex kPath(R"(\n    '([a-z_ -]*)'\) words=)");
  for (std::sregex_iterator it(script.begin(), script.end(), kPath), end; it != end; ++it) paths.push_back((*it)[1]);
  return paths;
}

// The lines after "Examples:" up to an empty line.
std::vector<std::string> examples_of(const std::string& help) {
  std::vector<std::string> examples;
  const auto start = help.find("\nExamples:\n");
  if (start == std::string::npos) return examples;
  for (const std::string& line : words_of(help.substr(start + 11), '\n')) {
    if (!line.starts_with("  ")) break;
    examples.push_back(line.substr(2));
  }
  return examples;
}

// The part of a pipeline that runs lakelift, without redirections.
std::string own_part(const std::string& example) {
  std::smatch found;
  static const std::regex kOwn(R"((?:^|\| )lakelift ([^|<>&]*[^|<>& ]))");
  // Operators stand quoted in comparisons, so these are left alone.
  std::string masked = example;
  bool is_quoted = false;
  for (char& c : masked) {
    if (c == '\'') is_quoted = !is_quoted;
    if (is_quoted && (c == '>' || c == '<' || c == '|' || c == '&')) c = '\x01';
  }
  if (!std::regex_search(masked, found, kOwn)) return {};
  return example.substr(static_cast<std::size_t>(found.position(1)), static_cast<std::size_t>(found.length(1)));
}

TEST(Help, EveryCommandHasExamplesThatParse) {
  const auto paths = command_paths();
  ASSERT_GE(paths.size(), 25U);
  const TempFolder home;
  int examples_seen = 0;
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    if (path == "serve") continue;  // its help is the server's
    auto args = path.empty() ? std::vector<std::string>{} : words_of(path);
    args.emplace_back("--help");
    const CliRun help = run_cli(args);
    EXPECT_EQ(help.code, kOk) << help.err;
    const auto examples = examples_of(help.out);
    EXPECT_GE(examples.size(), 2U) << help.out;
    EXPECT_LE(examples.size(), 3U);
    for (const std::string& example : examples) {
      SCOPED_TRACE(example);
      ++examples_seen;
      const std::string own = own_part(example);
      ASSERT_FALSE(own.empty());
      auto words = shell_words(own);
      if (own.find("--server") == std::string::npos && own.find("--data ") == std::string::npos)
        words.insert(words.end(), {"--server", "http://127.0.0.1:1"});
      for (auto& word : words) {
        if (word == "30s") word = "0s";  // nobody will come
      }
      const CliRun run = run_cli(words, {.env = {{"HOME", home.path()}}, .in = "a.b.c", .host = {}});
      // Without a server, files and a sign-in: unreachable, or something is missing. Never a wrong use.
      EXPECT_THAT(run.code, ::testing::AnyOf(kOk, kNotFound, kSignInNeeded, kTemporary)) << run.err;
    }
  }
  EXPECT_GE(examples_seen, 50);
}

TEST(Help, NamesTheTwinOfEveryFlag) {
  const CliRun help = run_cli({"slice", "get", "--help"});
  for (const char* twin :
       {"LAKELIFT_COLUMNS", "LAKELIFT_WHERE", "LAKELIFT_RATIO", "LAKELIFT_FORMAT", "LAKELIFT_TO", "LAKELIFT_DRY_RUN"}) {
    EXPECT_THAT(help.out, ::testing::HasSubstr(twin));
  }
}

TEST(Completion, BashCompletesCommandsAndFlags) {
  const TempFolder folder;
  spit(folder.file("lakelift.bash"), run_cli({"completion", "bash"}).out);
  const auto complete = [&](const std::string& words, int at) {
    spit(folder.file("try.bash"), "source " + folder.file("lakelift.bash") + "\nCOMP_WORDS=(" + words +
                                      ")\nCOMP_CWORD=" + std::to_string(at) +
                                      "\n_lakelift\necho \"${COMPREPLY[@]}\" > " + folder.file("reply") + "\n");
    EXPECT_EQ(std::system(("bash " + folder.file("try.bash")).c_str()), 0);
    return testing::slurp(folder.file("reply"));
  };
  EXPECT_EQ(complete("lakelift cat", 1), "catalogue\n");
  EXPECT_EQ(complete("lakelift catalogue sho", 2), "show\n");
  EXPECT_EQ(complete("lakelift --data d slice get --wh", 5), "--where\n");
  EXPECT_EQ(complete("lakelift slice get --outp", 3), "--output\n");
}

TEST(Completion, FishAndZshNameEveryCommand) {
  const std::string fish = run_cli({"completion", "fish"}).out;
  EXPECT_THAT(fish, ::testing::HasSubstr("complete -c lakelift -f -n \"__lakelift_at 'slice'\" -a get -d 'Bring a "
                                         "slice of a table to this machine'\n"));
  EXPECT_THAT(fish, ::testing::HasSubstr("complete -c lakelift -n \"__lakelift_in 'slice get'\" -l where"));
  EXPECT_THAT(run_cli({"completion", "zsh"}).out, ::testing::StartsWith("#compdef lakelift\n"));
  EXPECT_EQ(run_cli({"completion", "tcsh"}).code, kUsage);
}

}  // namespace
}  // namespace lakelift::cli
