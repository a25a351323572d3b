// The XML that object stores speak: small documents of elements and texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lakelift::net {

struct XmlElement {
  std::string name;  // without its namespace
  std::string text;  // that stands directly in it
  std::vector<XmlElement> children;

  // The first child of that name.
  [[nodiscard]] const XmlElement* find(std::string_view name) const;
  // Its text; empty where there is none.
  [[nodiscard]] std::string text_of(std::string_view name) const;
};

// The root element. Errors: kCorrupt: it is no well-formed XML, has a DOCTYPE, is deeper than limits::kXmlDepth.
[[nodiscard]] Result<XmlElement> parse_xml(std::string_view document);
[[nodiscard]] std::string xml_escape(std::string_view text);

}  // namespace lakelift::net
