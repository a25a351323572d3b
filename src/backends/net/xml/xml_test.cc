#include "backends/net/xml/xml.h"

#include <gtest/gtest.h>

#include "base/transfer_limits.h"

namespace lakelift::net {
namespace {

TEST(Xml, ElementsAreFoundWhateverTheirNamespace) {
  const auto root = parse_xml(
      "<?xml version=\"1.0\"?><List xmlns=\"http://example.com/\"><A>1</A><B x=\"y\"><C>a &amp; b</C><C/></B></List>");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->name, "List");
  EXPECT_EQ(root->text_of("A"), "1");
  EXPECT_EQ(root->text_of("Z"), "");
  ASSERT_NE(root->find("B"), nullptr);
  EXPECT_EQ(root->find("B")->children.size(), 2U);
  EXPECT_EQ(root->find("B")->text_of("C"), "a & b");
}

TEST(Xml, WhatIsNoneOrCouldHurtIsRefused) {
  for (const std::string bad :
       {"", "no", "<a>", "<a></b>", "<a/><b/>", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a>&x;</a>"}) {
    const auto root = parse_xml(bad);
    ASSERT_FALSE(root) << bad;
    EXPECT_EQ(root.error().code, Code::kCorrupt) << bad;
  }
  const auto nested = [](int depth) {
    std::string out;
    for (int i = 0; i < depth; ++i) out += "<a>";
    for (int i = 0; i < depth; ++i) out += "</a>";
    return out;
  };
  EXPECT_TRUE(parse_xml(nested(limits::kXmlDepth)));
  EXPECT_FALSE(parse_xml(nested(limits::kXmlDepth + 1)));
}

TEST(Xml, TextsAreEscaped) { EXPECT_EQ(xml_escape("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;"); }

}  // namespace
}  // namespace lakelift::net
