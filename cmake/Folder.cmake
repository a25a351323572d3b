include(GoogleTest)

# lakelift_folder(NAME [LINKS target...] [PRIVATE target...] [TEST_LINKS target...] [BOTH_DATABASES])
# One library from the .cc files of this folder (not of its subfolders), and one test program from its *_test.cc. With
# BOTH_DATABASES it is run twice, as NAME. on SQLite and as NAME.postgresql. on PostgreSQL; test suites whose names begin
# with Sqlite or Postgresql run on that one alone. TIMEOUT is longer than what a test waits for itself, so that it says
# what did not come.
function(lakelift_folder name)
  cmake_parse_arguments(ARG "BOTH_DATABASES" "" "LINKS;PRIVATE;TEST_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  if(sources)
    add_library(lakelift_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_compile_options(lakelift_${name} PRIVATE ${LAKELIFT_WARNINGS})
    target_link_libraries(lakelift_${name} PRIVATE ${ARG_PRIVATE})
  else()
    add_library(lakelift_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(lakelift::${name} ALIAS lakelift_${name})
  target_include_directories(lakelift_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(lakelift_${name} ${scope} ${ARG_LINKS})

  if(LAKELIFT_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_compile_options(${name}_test PRIVATE ${LAKELIFT_WARNINGS})
    target_link_libraries(${name}_test PRIVATE lakelift::${name} ${ARG_PRIVATE} ${ARG_TEST_LINKS} third::rapidcheck GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE LAKELIFT_CASES_DIR="${CMAKE_SOURCE_DIR}/tests/cases"
                               LAKELIFT_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    if(ARG_BOTH_DATABASES)
      gtest_discover_tests(${name}_test TEST_PREFIX ${name}. TEST_FILTER "-Postgresql*" DISCOVERY_TIMEOUT 60
                           PROPERTIES TIMEOUT 300)
      gtest_discover_tests(${name}_test TEST_PREFIX ${name}.postgresql. TEST_FILTER "-Sqlite*" DISCOVERY_TIMEOUT 60
                           TEST_LIST ${name}_postgresql_tests
                           PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED postgresql
                                      ENVIRONMENT "LAKELIFT_TEST_POSTGRESQL_FILE=${LAKELIFT_POSTGRESQL_DIR}/address")
    else()
      gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
    endif()
  endif()
endfunction()

# The PostgreSQL that those tests share; a schema each.
set(LAKELIFT_POSTGRESQL_DIR ${CMAKE_SOURCE_DIR}/build/peers/postgresql)
if(LAKELIFT_TESTS)
  add_test(NAME peers.postgresql.start COMMAND ${CMAKE_SOURCE_DIR}/tests/peers/postgresql start ${LAKELIFT_POSTGRESQL_DIR})
  add_test(NAME peers.postgresql.stop COMMAND ${CMAKE_SOURCE_DIR}/tests/peers/postgresql stop ${LAKELIFT_POSTGRESQL_DIR})
  set_tests_properties(peers.postgresql.start PROPERTIES FIXTURES_SETUP postgresql TIMEOUT 300)
  set_tests_properties(peers.postgresql.stop PROPERTIES FIXTURES_CLEANUP postgresql TIMEOUT 300)
endif()
