#include "domain/slices/result_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace lakelift::slices::store {
namespace {

using metadata::Session;

constexpr const char* kTables[] = {"slices_results", "slices_renditions", "slices_pieces", "slices_samples"};
constexpr int kSubjects = 20;
constexpr std::size_t kKeysPerQuery = 500;

using ByKey = std::map<std::string, objects::Reference>;

Result<void> select_into(ByKey& found, Session& session, std::string_view table, std::string_view rest,
                         const metadata::Params& params) {
  TRY(auto rows, (session.rows<std::string, std::int64_t, std::string>(
                     fmt::format("SELECT object_key, size_bytes, sha256 FROM {} {}", table, rest), params)));
  for (auto& [key, size, sha256] : rows) {
    found.try_emplace(key, objects::Reference{key, static_cast<std::uint64_t>(size), std::move(sha256)});
  }
  return {};
}

std::vector<objects::Reference> in_order(ByKey found) {
  std::vector<objects::Reference> out;
  out.reserve(found.size());
  for (auto& [key, reference] : found) out.push_back(std::move(reference));
  return out;
}

}  // namespace

Result<std::vector<objects::Reference>> referenced_objects(Session& session, const std::vector<std::string>& keys) {
  ByKey found;
  for (std::size_t from = 0; from < keys.size(); from += kKeysPerQuery) {
    const std::size_t to = std::min(keys.size(), from + kKeysPerQuery);
    std::string marks = "?";
    for (std::size_t i = from + 1; i < to; ++i) marks += ", ?";
    const metadata::Params some(keys.begin() + static_cast<std::ptrdiff_t>(from),
                                keys.begin() + static_cast<std::ptrdiff_t>(to));
    for (const char* table : kTables) {
      TRY_VOID(select_into(found, session, table, fmt::format("WHERE object_key IN ({})", marks), some));
    }
  }
  return in_order(std::move(found));
}

// Each table's first ones, of which the first of all are taken: a UNION would read both tables whole for every page.
Result<std::vector<objects::Reference>> object_references(Session& session, const std::string& after, int limit) {
  ByKey found;
  for (const char* table : kTables) {
    TRY_VOID(select_into(found, session, table, "WHERE object_key > ? ORDER BY object_key LIMIT ?", {after, limit}));
  }
  auto out = in_order(std::move(found));
  if (out.size() > static_cast<std::size_t>(limit)) out.resize(static_cast<std::size_t>(limit));
  return out;
}

Result<std::vector<std::string>> object_subjects(Session& session, const std::string& key) {
  std::vector<std::string> out;
  TRY(const auto results, session.rows<std::int64_t>("SELECT q.id FROM slices_results r JOIN slices_requests q"
                                                     " ON q.result_id = r.id WHERE r.object_key = ? ORDER BY q.id"
                                                     " LIMIT ?",
                                                     {key, kSubjects}));
  for (const auto& [id] : results) out.push_back(fmt::format("slice {}", id));
  TRY(const auto renditions, (session.rows<std::int64_t, std::string>(
                                 "SELECT q.id, r.format FROM slices_renditions r JOIN slices_requests q"
                                 " ON q.result_id = r.result_id WHERE r.object_key = ? ORDER BY q.id LIMIT ?",
                                 {key, kSubjects})));
  for (const auto& [id, format] : renditions) out.push_back(fmt::format("slice {} as {}", id, format));
  TRY(const auto pieces,
      (session.rows<std::int64_t, std::int64_t>(
          "SELECT id, item_id FROM slices_pieces WHERE object_key = ? ORDER BY id LIMIT ?", {key, kSubjects})));
  TRY(const auto samples, session.rows<std::int64_t>("SELECT item_id FROM slices_samples WHERE object_key = ?", {key}));
  for (const auto& [item_id] : samples) out.push_back(fmt::format("sample of item {}", item_id));
  for (const auto& [id, item_id] : pieces) out.push_back(fmt::format("piece {} of item {}", id, item_id));
  return out;
}

}  // namespace lakelift::slices::store
