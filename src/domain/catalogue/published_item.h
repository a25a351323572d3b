// Items that are files which their owners published: their source is {"file": id}. Who sees such an item is told by who
// may read the file, at every moment, so nothing but the file's grants changes it.
#pragma once

#include "domain/catalogue/item_body.h"
#include "domain/catalogue/item_store.h"

namespace lakelift::catalogue {

[[nodiscard]] bool is_published(const CatalogueItem& item);
// Error: kInvalid BODY_DID_NOT_VALIDATE, field "source": an id names anybody's file.
[[nodiscard]] Result<void> check_names_no_file(const executors::Source& source);
// Error: kConflict CATALOGUEITEM_FOLLOWS_ITS_FILE where the patch would change what follows from the file.
[[nodiscard]] Result<void> check_follows_its_file(const ItemPatch& patch, const ItemRow& stored);

}  // namespace lakelift::catalogue
