// `lakelift completion SHELL`: scripts made from the tree of commands itself, so they never lag behind it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "edge/cli/commands.h"

namespace lakelift::cli {
namespace {

struct Node {
  std::string path;                                           // "slice get"; empty: the root
  std::string words;                                          // its commands and long flags
  std::vector<std::pair<std::string, std::string>> commands;  // name, description
  std::vector<std::pair<std::string, std::string>> flags;     // without dashes
};

void walk(const CLI::App& app, const std::string& path, std::vector<Node>& nodes) {
  Node node{path, {}, {}, {}};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); })) {
    node.commands.emplace_back(command->get_name(), command->get_description());
    node.words += command->get_name() + " ";
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      node.flags.emplace_back(name, option->get_description());
      node.words += "--" + name + " ";
    }
  }
  nodes.push_back(node);
  for (const auto& [name, description] : node.commands) {
    walk(*app.get_subcommand(name), path.empty() ? name : path + " " + name, nodes);
  }
}

std::string bash_script(const std::vector<Node>& nodes) {
  std::string out =
      "_lakelift() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} path='' word words globals\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"${path:+$path }$word\" in\n";
  std::string known;
  for (const Node& node : nodes) {
    if (!node.path.empty()) known += (known.empty() ? "'" : "|'") + node.path + "'";
  }
  out += fmt::format("      {}) path=\"${{path:+$path }}$word\" ;;\n    esac\n  done\n", known);
  out += fmt::format("  globals='{}'\n  case \"$path\" in\n", [&] {
    std::string flags;
    for (const auto& [name, description] : nodes.front().flags) flags += "--" + name + " ";
    return flags;
  }());
  for (const Node& node : nodes) out += fmt::format("    '{}') words='{}' ;;\n", node.path, node.words);
  out +=
      "  esac\n"
      "  if [[ $cur == -* ]]; then words=\"$words $globals\"; fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "}\n"
      "complete -o default -F _lakelift lakelift\n";
  return out;
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_script(const std::vector<Node>& nodes) {
  std::string out =
      "function __lakelift_words\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    string match -q -- '-*' $word; or echo $word\n"
      "  end\n"
      "end\n"
      // At this very command, or somewhere behind it.
      "function __lakelift_at\n"
      "  set -l words (__lakelift_words)\n"
      "  if test -z \"$argv[1]\"\n"
      "    test (count $words) -eq 0\n"
      "  else\n"
      "    string match -q -- \"*$argv[1]\" \"$words\"\n"
      "  end\n"
      "end\n"
      "function __lakelift_in\n"
      "  set -l words (__lakelift_words)\n"
      "  string match -q -- \"*$argv[1]*\" \"$words\"\n"
      "end\n";
  for (const Node& node : nodes) {
    for (const auto& [name, description] : node.commands) {
      out += fmt::format("complete -c lakelift -f -n \"__lakelift_at '{}'\" -a {} -d {}\n", node.path, name,
                         fish_quoted(description));
    }
    const std::string condition = node.path.empty() ? "" : fmt::format(" -n \"__lakelift_in '{}'\"", node.path);
    for (const auto& [name, description] : node.flags) {
      out += fmt::format("complete -c lakelift{} -l {} -d {}\n", condition, name, fish_quoted(description));
    }
  }
  return out;
}

}  // namespace

void add_completion_command(CommandTree& tree) {
  const auto shell = std::make_shared<std::string>();
  const CLI::App* root = &tree.root;
  tree.add(tree.root, "completion", "A script that completes commands and flags in a shell",
           {"lakelift completion bash > ~/.local/share/bash-completion/completions/lakelift",
            "lakelift completion zsh > ~/.zfunc/_lakelift",
            "lakelift completion fish > ~/.config/fish/completions/lakelift.fish"},
           [shell, root](Session& session) -> Result<void> {
             std::vector<Node> nodes;
             walk(*root, "", nodes);
             if (*shell == "fish") return session.output().text(fish_script(nodes));
             const std::string bash = bash_script(nodes);
             // zsh runs bash's completions.
             if (*shell == "zsh")
               return session.output().text("#compdef lakelift\nautoload -U +X bashcompinit && bashcompinit\n" + bash);
             return session.output().text(bash);
           })
      ->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace lakelift::cli
