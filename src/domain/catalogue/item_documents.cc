#include "domain/catalogue/item_documents.h"

namespace lakelift::catalogue::documents {

Result<void> touch(metadata::Transaction&, const ItemRow&) { return {}; }

Result<void> forget(metadata::Transaction&, std::int64_t) { return {}; }

}  // namespace lakelift::catalogue::documents
