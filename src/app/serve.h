// `lakelift serve`: the server in the foreground, until SIGTERM or SIGINT.
#pragma once

namespace lakelift::app {

// `argv`: what stands after "serve". The first line on stdout is the address. Returns the exit code.
int serve(int argc, char** argv);

}  // namespace lakelift::app
