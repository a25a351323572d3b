// The {id} of a catalogue item's address.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "edge/http/request_context.h"

namespace lakelift::http {

// Error: kNotFound COULD_NOT_FIND_CATALOGUEITEM where it is no number.
[[nodiscard]] inline Result<std::int64_t> item_id_of(const RequestContext& context) {
  auto id = context.int_param("id");
  if (id) return id;
  return fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM", "no catalogue item has that id: ids are whole numbers");
}

}  // namespace lakelift::http
