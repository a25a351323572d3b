// From the parser's events to one document with lines. Only yaml_reader.cc uses it.
#pragma once

#include <yaml-cpp/eventhandler.h>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/cli/located.h"
#include "edge/cli/yaml_scalar.h"

namespace lakelift::cli {

// Thrown out of the parser's callbacks, which have no other way to stop it; caught in read_yaml.
struct YamlRefusal {
  int line = 1;
  std::string why;
  bool is_key = false;  // a key that is no text
};

// One document after the other. Not threadsafe.
class YamlEvents final : public YAML::EventHandler {
 public:
  explicit YamlEvents(Dialect dialect) : dialect_(dialect) {}

  // The document that has just ended.
  [[nodiscard]] Located take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override;
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

 private:
  struct Open {
    Located node;
    YAML::anchor_t anchor = 0;
    std::string key;                            // of a map: the key whose value comes next
    std::unordered_map<std::string, int> keys;  // its keys so far, with their lines
    int key_line = 0;
    bool has_key = false;
    bool merges = false;          // the key is <<
    std::vector<Located> merged;  // what << brought: it yields to the map's own keys
  };

  void open(Located::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor);
  void close();
  // A whole value: an entry, a key, a member's value, or the document.
  void place(Located node, YAML::anchor_t anchor);
  void place_in_map(Open& map, Located node);
  [[nodiscard]] bool key_is_due() const;
  void take_key(const YAML::Mark& mark, const std::string& text, bool is_plain);
  void merge(Open& map, Located node) const;
  void count(std::size_t nodes, int line);

  const Dialect dialect_;
  Located root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Located> anchors_;
  std::size_t nodes_ = 0;  // of all documents
};

}  // namespace lakelift::cli
