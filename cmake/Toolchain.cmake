# Compiler flags, sanitizers, ccache and mold: the same for every target.
find_program(CCACHE_PROGRAM ccache)
option(LAKELIFT_SHARED_CACHE "Let checkouts in different folders share one compiler cache" OFF)
if(CCACHE_PROGRAM AND LAKELIFT_SHARED_CACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=true ${CCACHE_PROGRAM})
elseif(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Paths of the checkout do not reach the binaries, so two checkouts share one compiler cache.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -fdiagnostics-color=auto)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
# The tests' build is compiled far more often than it is run.
set(LAKELIFT_DEBUG_LEVEL 1 CACHE STRING "Optimisation level of Debug builds")
set(CMAKE_CXX_FLAGS_DEBUG "-O${LAKELIFT_DEBUG_LEVEL} -g1")

if(LAKELIFT_SANITIZE)
  # GCC 12 takes moved-from variants for uninitialised ones under the sanitizers (its manual warns of it); builds without
  # them keep the warning.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
                      -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=address,undefined)
endif()
if(LAKELIFT_SANITIZE_THREADS)
  # GCC 12's -Wtsan tells of atomic_thread_fence, which ThreadSanitizer does not see: Boost.Asio has some.
  add_compile_options(-fsanitize=thread -O1 -fno-omit-frame-pointer -Wno-tsan)
  add_link_options(-fsanitize=thread)
endif()

# Hardening: what a server that reads strangers' bytes should have.
add_compile_options(-fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
if(NOT LAKELIFT_SANITIZE AND NOT LAKELIFT_SANITIZE_THREADS AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now)

set(LAKELIFT_WARNINGS -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
