# lakelift_embed(TARGET NAMESPACE name=path...): puts whole files into TARGET, each behind a function
#   std::string_view NAMESPACE::name();
# which a header of the folder declares. The assembler copies the bytes (.incbin), so a megabyte costs no compile time,
# and they stay on the disk until somebody asks for them.
function(lakelift_embed target namespace)
  set(asm "")
  set(functions "")
  set(files "")
  foreach(pair IN LISTS ARGN)
    string(REGEX MATCH "^([a-z0-9_]+)=(.+)$" matched "${pair}")
    if(NOT matched)
      message(FATAL_ERROR "lakelift_embed: expected name=path, got ${pair}")
    endif()
    set(name ${CMAKE_MATCH_1})
    set(path ${CMAKE_MATCH_2})
    set(symbol lakelift_embedded_${target}_${name})
    list(APPEND files ${path})
    string(APPEND asm "asm(R\"(\n.pushsection .rodata\n.balign 16\n${symbol}_begin:\n.incbin \"${path}\"\n${symbol}_end:\n.byte 0\n.popsection\n)\");\n")
    string(APPEND asm "extern \"C\" __attribute__((visibility(\"hidden\"))) const char ${symbol}_begin[];\n")
    string(APPEND asm "extern \"C\" __attribute__((visibility(\"hidden\"))) const char ${symbol}_end[];\n")
    string(APPEND functions
           "std::string_view ${name}() { return {${symbol}_begin, static_cast<std::size_t>(${symbol}_end - ${symbol}_begin)}; }\n")
  endforeach()
  string(MAKE_C_IDENTIFIER ${namespace} suffix)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}_${suffix}_embedded.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Made by cmake/Embed.cmake.
#include <cstddef>
#include <string_view>
@asm@namespace @namespace@ {
@functions@}
")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${target} PRIVATE ${source})
endfunction()

# lakelift_yaml_to_json(OUTPUT INPUT): at build time; needs a Python with PyYAML (python3-yaml).
function(lakelift_yaml_to_json output input)
  if(NOT LAKELIFT_PYTHON_WITH_YAML)
    foreach(candidate ${CMAKE_SOURCE_DIR}/build/venv/bin/python3 python3 /usr/bin/python3)
      execute_process(COMMAND ${candidate} -c "import yaml" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
      if(NOT failed)
        set(LAKELIFT_PYTHON_WITH_YAML ${candidate} CACHE STRING "Python that can import yaml")
        break()
      endif()
    endforeach()
  endif()
  if(NOT LAKELIFT_PYTHON_WITH_YAML)
    message(FATAL_ERROR "No Python with PyYAML: run `make deps` first")
  endif()
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${LAKELIFT_PYTHON_WITH_YAML} ${CMAKE_SOURCE_DIR}/scripts/yaml_to_json.py ${input} ${output}
    DEPENDS ${input} ${CMAKE_SOURCE_DIR}/scripts/yaml_to_json.py
    COMMENT "openapi.yaml -> JSON"
    VERBATIM)
endfunction()
