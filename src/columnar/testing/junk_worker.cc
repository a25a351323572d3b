// A worker program that lies: it takes a job and then says what the job's sampling seed names. For the tests of the
// server's side, which must believe nothing.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <variant>

#include "columnar/frame.h"
#include "columnar/job.h"

namespace {

using namespace lakelift;
using namespace lakelift::columnar;

constexpr int kFlood = 100'000;

[[noreturn]] void stay() {
  for (;;) ::pause();
}

void raw(std::string_view bytes) { (void)::send(kWorkerSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

void flood(std::string_view text, int attached) {
  for (int i = 0; i < kFlood; ++i) {
    if (!send_frame(kWorkerSocket, text, attached)) ::_exit(0);
  }
}

const std::string kProgress = R"({"progress":{"rows_read":1,"rows_total":2,"rows_written":1,"bytes_written":1}})";

const std::map<std::string, std::string> kMessages = {
    {"not-json", "]["},
    {"not-an-object", "[1]"},
    {"empty", ""},
    {"empty-object", "{}"},
    {"two-members", R"({"open":0,"report":{}})"},
    {"unknown", R"({"exec":"/bin/sh"})"},
    {"bad-utf8", "{\"report\":\"\xff\xfe\"}"},
    {"deep", std::string(10'000, '[')},
    {"open-beyond", R"({"open":999})"},
    {"open-negative", R"({"open":-1})"},
    {"open-text", R"({"open":"0"})"},
    {"open-path", R"({"open":"/etc/passwd"})"},
    {"open-double", R"({"open":0.5})"},
    {"progress-text", R"({"progress":"much"})"},
    {"progress-negative", R"({"progress":{"rows_read":-1,"rows_total":2,"rows_written":1,"bytes_written":1}})"},
    {"report-text", R"({"report":"done"})"},
    {"report-empty", R"({"report":{}})"},
    {"report-negative", R"({"report":{"rows":-5,"rows_read":1,"bytes_read":1}})"},
    {"report-overflow", R"({"report":{"rows":99999999999999999999,"rows_read":1,"bytes_read":1}})"},
    {"hello-again", R"({"hello":1})"},
    {"forged-error", R"({"error":{"code":"ACCESS_DENIED","event":"not an event","message":"go\naway","fields":7}})"},
    {"wordless-error", R"({"error":null})"},
};

void misbehave(const std::string& how) {
  if (const auto found = kMessages.find(how); found != kMessages.end()) {
    (void)send_frame(kWorkerSocket, found->second);
    stay();
  }
  if (how == "huge-length") raw("\xff\xff\xff\xff");
  if (how == "close-and-stay") ::close(kWorkerSocket);
  if (how == "half-a-frame") {
    raw(std::string("\x10\0\0\0{", 5));
    ::_exit(0);
  }
  if (how == "exit") ::_exit(9);
  if (how == "progress-flood") flood(kProgress, -1);
  if (how == "open-flood") flood(R"({"open":0})", -1);
  if (how == "files-flood") flood(kProgress, ::open("/dev/null", O_RDONLY));
  if (how == "shout") {
    const std::string line(4096, 'A');
    for (int i = 0; i < 1000; ++i) (void)!::write(STDERR_FILENO, line.data(), line.size());
    ::_exit(9);
  }
  stay();
}

}  // namespace

int main() {
  (void)send_frame(kWorkerSocket, R"({"hello":1})");
  const auto frame = receive_frame(kWorkerSocket);
  if (!frame) return 0;
  const auto value = parse_json(frame->text);
  if (!value) return 1;
  const auto job = job_from_json(value->at("job"));
  if (!job) return 1;
  const auto* slice = std::get_if<SliceJob>(&job->work);
  if (slice == nullptr) return 1;
  misbehave(slice->sampling_seed);
}
