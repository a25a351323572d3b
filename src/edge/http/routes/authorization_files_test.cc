// How each call about files is made for the matrix.
#include <gtest/gtest.h>

#include "edge/http/routes/test_authorization_calls.h"

namespace lakelift::http::testing {

std::string Calls::file_path(About about) {
  const std::string path = fresh("file");
  if (about == About::kMissing) return path;
  const files::Address at{"researcher", value_of(files::FilePath::parse(path))};
  auto upload = value_of(world_.files.begin_upload(people_.researcher, at, {}));
  must(upload->write(as_bytes("12345")));
  value_of(world_.files.finish(people_.researcher, std::move(upload)));
  if (about == About::kHidden) {
    const files::Grantee group{.account = {}, .group = people_.group.name};
    value_of(world_.files.grant(people_.researcher, at, group, files::Right::kRead));
  }
  return path;
}

std::string Calls::trashed_id(About about) {
  if (about == About::kMissing) return std::to_string(kNoSuchId);
  const files::Address at{"researcher", value_of(files::FilePath::parse(file_path(About::kExists)))};
  value_of(world_.files.remove(people_.researcher, at, false));
  return std::to_string(value_of(world_.files.trash(people_.researcher, "researcher", {}, 1)).files.front().id);
}

void Calls::describe_files() {
  makers_["GET /files/"] = [](About) { return path("/files/"); };
  makers_["GET /files/{owner}"] = [](About) { return path("/files/researcher"); };
  makers_["GET /files/{owner}/{path...}"] = [this](About about) { return path(file_address(about)); };
  makers_["PUT /files/{owner}/{path...}"] = [this](About about) {
    Call call = path(file_address(about));
    call.body = "67890";
    return call;
  };
  makers_["DELETE /files/{owner}/{path...}"] = [this](About about) { return path(file_address(about)); };
  makers_["POST /files/{owner}/{path...}"] = [this](About about) {
    return path(file_address(about) + "?action=grant", json::object{{"account", "maintainer"}, {"right", "read"}});
  };
  makers_["GET /shared-with-me/"] = [](About) { return path("/shared-with-me/"); };
  makers_["POST /downloader/requests/{id}/keep"] = [this](About about) {
    return path("/downloader/requests/" + std::to_string(request_id(about)) + "/keep",
                json::object{{"to", "/files/researcher/kept.parquet"}});
  };
}

void Calls::describe_kept_files() {
  const auto owner = [](About about) { return std::string(about == About::kMissing ? "nobody" : "researcher"); };
  for (const char* method : {"GET", "DELETE"}) {
    makers_[std::string(method) + " /trash/{owner}/"] = [=](About about) {
      return path("/trash/" + owner(about) + "/");
    };
  }
  makers_["POST /trash/{owner}/{id}/restore"] = [this](About about) {
    return path("/trash/researcher/" + trashed_id(about) + "/restore");
  };
  makers_["DELETE /trash/{owner}/{id}"] = [this](About about) {
    return path("/trash/researcher/" + trashed_id(about));
  };
  makers_["GET /usage/{owner}"] = [=](About about) { return path("/usage/" + owner(about)); };
  makers_["PUT /usage/{owner}"] = [=](About about) {
    return path("/usage/" + owner(about), json::object{{"quota_bytes", nullptr}, {"quota_files", nullptr}});
  };
}

void Calls::describe_liftbit() {
  makers_["POST /create_user"] = [this](About about) {
    return path("/create_user?username=" + (about == About::kMissing ? fresh("new") : "researcher"));
  };
  // The researcher ends an account of their own that nobody needs; so would its token that may only read.
  makers_["POST /delete_user"] = [this](About about) {
    if (about == About::kMissing) return path("/delete_user?username=nobody");
    const auto leaving = people_.account(fresh("leaving") + "@example.com");
    Call call = path("/delete_user?username=" + leaving.username);
    if (caller_ == "researcher") call.token = people_.token(leaving);
    if (caller_ == "read-only") {
      call.token = value_of(world_.api_tokens.create(leaving.id, {.name = "reads", .scope = accounts::Scope::kRead},
                                                     leaving, accounts::Scope::kAdmin))
                       .text;
    }
    return call;
  };
  makers_["POST /upload_file"] = [this](About about) {
    Call call = path("/upload_file?username=researcher&filename=" + file_path(about));
    call.content_type = "multipart/form-data; boundary=b";
    call.body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n67890\r\n--b--\r\n";
    return call;
  };
  // By the caller for themselves, of the researcher's.
  makers_["POST /download_file"] = [this](About about) {
    const bool is_researcher = caller_ == "read-only" || caller_ == "researcher";
    const std::string user = is_researcher ? "researcher" : caller_ == "admin" ? people_.admin.username : caller_;
    return path("/download_file?username=" + user + "&owner=researcher&filename=" + file_path(about));
  };
  const auto own = [this](const std::string& call, const std::string& more) {
    makers_["POST " + call] = [=, this](About about) {
      return path(call + "?username=researcher&filename=" + file_path(about) + more);
    };
  };
  own("/delete_file", "");
  own("/give_permission", "&other_username=other");
  own("/remove_permission", "&other_username=other");
  makers_["POST /list_files"] = [](About) { return path("/list_files?username=researcher"); };
}

}  // namespace lakelift::http::testing
