#include "backends/net/xml/xml.h"

#include <expat.h>

#include <memory>

#include "base/transfer_limits.h"

namespace lakelift::net {
namespace {

constexpr XML_Char kSeparator = '\n';  // between a namespace and a name; it is in neither

struct Reading {
  XML_Parser parser;
  XmlElement document;  // its only child is the root
  std::vector<XmlElement*> open;
  std::string problem;

  void refuse(std::string why) {
    problem = std::move(why);
    XML_StopParser(parser, XML_FALSE);
  }
};

void on_start(void* data, const XML_Char* name, const XML_Char**) {
  auto& reading = *static_cast<Reading*>(data);
  if (reading.open.size() > std::size_t{limits::kXmlDepth}) return reading.refuse("nested too deeply");
  const std::string_view full = name;
  const auto at = full.rfind(kSeparator);
  // A parent's vector does not grow while one of its children is open, so the pointers stay good.
  auto& siblings = reading.open.back()->children;
  siblings.push_back({std::string(at == std::string_view::npos ? full : full.substr(at + 1)), "", {}});
  reading.open.push_back(&siblings.back());
}

void on_end(void* data, const XML_Char*) { static_cast<Reading*>(data)->open.pop_back(); }

void on_text(void* data, const XML_Char* text, int length) {
  static_cast<Reading*>(data)->open.back()->text.append(text, static_cast<std::size_t>(length));
}

void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  static_cast<Reading*>(data)->refuse("it has a DOCTYPE");
}

}  // namespace

const XmlElement* XmlElement::find(std::string_view wanted) const {
  for (const auto& child : children) {
    if (child.name == wanted) return &child;
  }
  return nullptr;
}

std::string XmlElement::text_of(std::string_view wanted) const {
  const XmlElement* child = find(wanted);
  return child == nullptr ? "" : child->text;
}

Result<XmlElement> parse_xml(std::string_view document) {
  const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreateNS(nullptr, kSeparator),
                                                                       XML_ParserFree);
  if (!parser) return fail(Code::kInternal, "no XML parser could be made");
  Reading reading{parser.get(), {}, {}, {}};
  reading.open.push_back(&reading.document);
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  const bool is_good =
      XML_Parse(parser.get(), document.data(), static_cast<int>(document.size()), XML_TRUE) == XML_STATUS_OK;
  if (!is_good || reading.document.children.size() != 1) {
    return fail(Code::kCorrupt,
                "an answer in XML can't be read: " +
                    (reading.problem.empty() ? XML_ErrorString(XML_GetErrorCode(parser.get())) : reading.problem));
  }
  return std::move(reading.document.children.front());
}

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace lakelift::net
