#include "app/binding.h"

#include <filesystem>

#include "backends/metadata/identity.h"
#include "base/fd.h"

namespace lakelift::app {
namespace {

constexpr std::size_t kIdFileBytes = 1'024;

}  // namespace

Result<void> bind_to_database(const std::string& data_folder, metadata::Database& database, Random& random) {
  TRY(const std::string id, metadata::identity_of(database, random));
  const std::string path = data_folder + "/database-id";
  if (!std::filesystem::exists(path)) return write_file_durably(path, id + "\n");
  TRY(std::string kept, read_file(path, kIdFileBytes));
  if (kept.ends_with('\n')) kept.pop_back();
  if (kept == id) return {};
  return fail(
      Code::kConflict, "DATA_FOLDER_HAS_ANOTHER_DATABASE",
      "the data folder belongs to another database: give --database (LAKELIFT_DATABASE) as when it was made, or "
      "another folder");
}

}  // namespace lakelift::app
