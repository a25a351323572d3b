// Files of catalogue items, and where in them the server's complaints belong. Pure but for reading the files.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "edge/cli/located.h"

namespace lakelift::cli {

struct FileItem {
  std::string file;
  Located content;   // a map
  std::string name;  // empty where it has none that could be one
};

// What is wrong, and where.
struct ItemProblem {
  std::string file;
  int line = 1;
  std::string item;   // its name; empty: the file as a whole
  std::string field;  // "spec.0.type"; empty: the item as a whole
  std::string text;
};

// "FILE:LINE: ITEM: FIELD: TEXT", safe for a terminal.
[[nodiscard]] std::string text_of(const ItemProblem& problem);

struct ItemFiles {
  std::vector<FileItem> items;
  std::vector<ItemProblem> problems;  // of files that can't be read as items, and of names that come twice
};

// Each file holds one item, a list of items, or several YAML documents of either; a folder stands for the .yaml, .yml
// and .json files in it. Errors: kNotFound for a path that is not there, and the file system's.
[[nodiscard]] Result<ItemFiles> read_item_files(const std::vector<std::string>& paths);

// What the server said of this item, field by field ("spec": "JSON did not validate. PATH: '0.type' REASON: …"), each
// at its line.
[[nodiscard]] std::vector<ItemProblem> problems_of(const FileItem& item, const Error& error);

}  // namespace lakelift::cli
