// The part of a catalogue item that a file holds: what `lakelift catalogue import` reads, and no ids, accounts or
// times of one server. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace lakelift::cli {

// name, description, executor_type, tags and visibility where the server has them, spec, sample; in this order.
// A profile may have left what nobody may send in: rows of the sample with null (it stands for NaN) in a column that
// has no nulls are left out, and distribution values that look alike, because they were cut, are counted together.
[[nodiscard]] json::object exported_item(const json::object& item);

// A file name for an item's name: letters, digits and -._~ stay, the rest is percent-encoded; long names are cut and
// told apart by a digest. Without extension.
[[nodiscard]] std::string file_name_of(std::string_view item_name);

}  // namespace lakelift::cli
