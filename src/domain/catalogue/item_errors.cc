#include "domain/catalogue/item_errors.h"

#include <fmt/format.h>

namespace lakelift::catalogue {

std::unexpected<Error> no_such_item(std::int64_t id) {
  return fail(Code::kNotFound, "COULD_NOT_FIND_CATALOGUEITEM",
              fmt::format("there is no catalogue item with the id {}", id));
}

std::unexpected<Error> name_taken(std::string_view name) {
  return fail(Code::kConflict, "CATALOGUEITEM_EXISTS_ALREADY",
              fmt::format("there is a catalogue item '{}' already", name),
              {{"name", {"catalogue item with this name already exists."}}});
}

// Spelled as the contract has it.
std::unexpected<Error> still_waited_for(std::int64_t id, std::int64_t not_cancelled_count) {
  return fail(
      Code::kInvalid, "NOT_CANCELLED_DOWNLOAD_REQEUSTS_DETECTED",
      fmt::format("{} download requests of this item are not cancelled: cancel them first", not_cancelled_count),
      {{"item_id", {std::to_string(id)}}, {"not_cancelled_count", {std::to_string(not_cancelled_count)}}});
}

std::unexpected<Error> source_missing(std::string_view name) {
  return fail(Code::kConflict, "SOURCE_MISSING",
              fmt::format("the catalogue item '{}' does not say where its data are: give it a source first", name),
              {{"source", {"The item has no source."}}});
}

std::unexpected<Error> source_changed(std::string reason) {
  return fail(Code::kConflict, "SOURCE_CHANGED",
              "the data no longer fit the item's spec: " + reason + " Update the spec, or add the table anew.",
              {{"spec", {reason}}});
}

std::unexpected<Error> body_fault(std::string_view field, std::string text) {
  std::string message = fmt::format("{}: {}", field, text);
  return fail(Code::kInvalid, "BODY_DID_NOT_VALIDATE", std::move(message), {{std::string(field), {std::move(text)}}});
}

}  // namespace lakelift::catalogue
