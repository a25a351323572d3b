#include "edge/cli/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/encoding.h"
#include "edge/cli/cli_limits.h"
#include "edge/cli/yaml_events.h"

namespace lakelift::cli {
namespace {

std::unexpected<Error> refuse(int line, const std::string& why) {
  return fail(Code::kInvalid, "YAML_NOT_VALID", fmt::format("line {}: {}", line, why), {{std::to_string(line), {why}}});
}

// JSON writes characters beyond U+FFFF as two \u escapes, YAML as one \U. No line moves by that.
class SurrogateJoiner {
 public:
  explicit SurrogateJoiner(std::string_view text) : text_(text) {}

  std::string run() {
    out_.reserve(text_.size());
    while (at_ < text_.size()) {
      if (!take_pair()) take_escape_or_byte();
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] unsigned unit_at(std::size_t at) const {
    unsigned unit = 0;
    if (at + 6 > text_.size() || text_.substr(at, 2) != "\\u") return 0;
    const char* const from = text_.data() + at + 2;
    const auto [end, error] = std::from_chars(from, from + 4, unit, 16);
    return error == std::errc() && end == from + 4 ? unit : 0;
  }

  bool take_pair() {
    const unsigned high = unit_at(at_);
    const unsigned low = high >= 0xd800 && high < 0xdc00 ? unit_at(at_ + 6) : 0;
    if (low < 0xdc00 || low > 0xdfff) return false;
    out_ += fmt::format("\\U{:08x}", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    at_ += 12;
    return true;
  }

  void take_escape_or_byte() {
    const std::size_t size = text_[at_] == '\\' && at_ + 1 < text_.size() ? 2 : 1;
    out_ += text_.substr(at_, size);
    at_ += size;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

bool looks_like_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

Result<void> check_bytes(std::string_view text) {
  if (text.size() > limits::kItemFileBytes)
    return refuse(1, fmt::format("the file is larger than {} MiB", limits::kItemFileBytes >> 20));
  const auto line_at = [&](std::size_t at) {
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  };
  if (const auto at = text.find('\0'); at != std::string_view::npos)
    return refuse(line_at(at), "a zero byte: files are UTF-8");
  if (is_valid_utf8(text)) return {};
  std::size_t good = 0;  // lines are looked at one by one only once something is wrong
  while (true) {
    const auto end = text.find('\n', good);
    if (!is_valid_utf8(text.substr(good, end == std::string_view::npos ? end : end - good))) break;
    if (end == std::string_view::npos) break;
    good = end + 1;
  }
  return refuse(line_at(good), "bytes that are not UTF-8");
}

std::unexpected<Error> refuse(const YAML::Exception& error) {
  const bool does_not_end = error.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
  return refuse(error.mark.is_null() ? 1 : error.mark.line + 1,
                does_not_end ? "a quoted text does not end" : error.msg);
}

struct Nobody final : YAML::EventHandler {
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// What is refused may be nothing but the shadow of broken syntax: in a list without its end the parser takes whatever
// comes last for a key.
std::unexpected<Error> refuse(const YamlRefusal& refusal, const std::string& text) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Nobody nobody;
    while (parser.HandleNextDocument(nobody)) {
    }
  } catch (const YAML::Exception& error) {
    if (!error.mark.is_null()) return refuse(error);
  }
  return refuse(refusal.line, refusal.why);
}

}  // namespace

Result<std::vector<Located>> read_yaml(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  TRY_VOID(check_bytes(text));
  const Dialect dialect = looks_like_json(text) ? Dialect::kJson : Dialect::kYaml;
  std::string whole = dialect == Dialect::kJson ? SurrogateJoiner(text).run() : std::string(text);
  // The parser takes the end of the file for the end of a quoted text; a document's end mark it does not.
  whole += whole.ends_with('\n') ? "...\n" : "\n...\n";
  std::istringstream stream(whole);
  YamlEvents events(dialect);
  std::vector<Located> documents;
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
      Located document = events.take();
      if (document.kind != Located::Kind::kScalar || !document.scalar.is_null())
        documents.push_back(std::move(document));
    }
  } catch (const YamlRefusal& refusal) {
    if (refusal.is_key) return refuse(refusal, whole);
    return refuse(refusal.line, refusal.why);
  } catch (const YAML::Exception& error) {
    return refuse(error);
  } catch (const std::exception& error) {
    return refuse(1, error.what());
  }
  return documents;
}

int line_of_error(const Error& error) {
  int line = 1;
  if (error.event != "YAML_NOT_VALID" || error.fields.empty()) return line;
  const std::string& text = error.fields.front().field;
  std::from_chars(text.data(), text.data() + text.size(), line);
  return line;
}

}  // namespace lakelift::cli
