#include "domain/files/file_service.h"

#include "domain/files/file_service_impl.h"

namespace lakelift::files {

FileService::FileService(FileServiceParts parts, FileOptions options) : impl_(std::make_unique<Impl>(parts, options)) {}

FileService::~FileService() { stop(); }

void FileService::set_publications(Publications* publications) { impl_->core.publications = publications; }

void FileService::start() {
  impl_->thread = std::jthread([this](std::stop_token stop) { impl_->work(stop); });
}

void FileService::stop() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace lakelift::files
