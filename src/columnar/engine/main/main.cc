// lakelift-columnar: one process, one job. Started by the server with one end of a socket pair as descriptor 3; of no
// use by itself.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "columnar/engine/job_runner.h"
#include "columnar/engine/sandbox.h"
#include "columnar/frame.h"

int main() {
  using namespace lakelift::columnar;
  // Dies with the server. One that died before this line has closed its end of the socket, which ends us as well.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kWorkerSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    std::fputs("lakelift-columnar is started by lakelift, with a socket as descriptor 3\n", stderr);
    return 2;
  }
  prepare_environment();
  warm_up();
  const int status = run_worker(kWorkerSocket, Work{inspect, profile, slice, convert, cut});
  // Nothing is left to be done, and no destructor should run on what a hostile file may have bent.
  ::_exit(status);
}
