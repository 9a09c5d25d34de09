# What every room's CMakeLists uses: warnings, slmrig_library, slmrig_program, slmrig_test, slmrig_bench.

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(SLMRIG_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer, and the fuzz targets (clang)" OFF)
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # With paths taken relative to the sources, a second clone or work tree finds what the first one compiled.
  # It keeps what was compiled with a precompiled header only when told that the header's defines may differ.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

add_library(slmrig_options INTERFACE)
target_include_directories(slmrig_options INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")
target_compile_options(slmrig_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
                                                $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
                                                # Clang, which only sanitizes, warns of other things.
                                                $<$<CXX_COMPILER_ID:GNU>:-Werror>
                                                # GCC 12 finds overlap in plain assignments to std::string (PR 105651).
                                                $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(SLMRIG_SANITIZE)
  # Clang compiles it in half of GCC's time. No vptr check: it needs the run-time type information that device code is
  # built without.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=address,undefined)
endif()

# Rooms that also run on a board are C++17 without exceptions or RTTI, on the host too, so that a
# construct the board cannot compile fails in the first build a developer makes.
function(slmrig_device_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC slmrig_options)
  target_compile_features(${name} PUBLIC cxx_std_17)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
  if(SLMRIG_SANITIZE)
    target_compile_options(${name} PRIVATE -O1)  # what computes for long
  endif()
endfunction()

# Ways of compiling host code, each with the large headers of libraries parsed once:
#   plain  most of it: what waits for people, files and boards; optimised little, since that is quick
#   hot    what computes: named in slmrig_hot
#   cli    programs with commands and options
#   test   not optimised: assertions take twice as long to optimise as to compile, and no time to run
set(SLMRIG_PLAIN_FLAGS -O1)
set(SLMRIG_CLI_FLAGS -O1)
set(SLMRIG_HOT_FLAGS -O3)
set(SLMRIG_TEST_FLAGS -O0)
if(SLMRIG_SANITIZE)
  set(SLMRIG_PLAIN_FLAGS -O0)
  set(SLMRIG_CLI_FLAGS -O0)
  set(SLMRIG_HOT_FLAGS -O1)
endif()
set(slmrig_hot base store analyse forge forge_train gguf meter_decode)

# slmrig_host_code(<target> plain|hot|cli|test)
function(slmrig_host_code target way)
  if(way STREQUAL "hot")
    # GCC 12 finds overflow in plain assignments to std::string (PR 105329); precompiled, it is no system header.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow> $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>)
  endif()
  string(TOUPPER ${way} upper)
  target_compile_options(${target} PRIVATE ${SLMRIG_${upper}_FLAGS})
  target_precompile_headers(${target} REUSE_FROM slmrig_headers_${way})
  # The precompiled headers are refused where this differs.
  target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>)
endfunction()

function(slmrig_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC slmrig_options)
  target_compile_features(${name} PUBLIC cxx_std_20)
  string(REPLACE "slmrig_" "" room ${name})
  if(room IN_LIST slmrig_hot)
    slmrig_host_code(${name} hot)
  elseif(room STREQUAL "cli")
    slmrig_host_code(${name} cli)
  else()
    slmrig_host_code(${name} plain)
  endif()
endfunction()

# All programs that users run, without any test.
add_custom_target(programs)

# A program a user runs: lands in <build>/bin.
function(slmrig_program name)
  add_dependencies(programs ${name})
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE slmrig_options)
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()

# All programs of label `unit` (the sanitizer build makes only these), and all fuzz targets.
add_custom_target(unit_tests)
add_custom_target(fuzz_targets)

# slmrig_test(base_test LIBS slmrig_base SOURCES a_test.cc b_test.cc): one Catch2 program, each
# TEST_CASE a test of ctest. Tests run from the source root, so that they read committed files by name.
function(slmrig_test name)
  cmake_parse_arguments(arg "" "" "LIBS;SOURCES;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE slmrig_options slmrig_catch_main ${arg_LIBS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test-bin")
  slmrig_host_code(${name} test)
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if("unit" IN_LIST arg_LABELS)
    add_dependencies(unit_tests ${name})
  endif()
  catch_discover_tests(${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" TEST_PREFIX "${name}: "
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()

# slmrig_bench(decode_bench ...): a Google Benchmark program, run by `./dev bench`.
function(slmrig_bench name)
  cmake_parse_arguments(arg "" "" "LIBS;SOURCES" ${ARGN})
  if(SLMRIG_SANITIZE)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE slmrig_options benchmark::benchmark ${arg_LIBS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench-bin")
endfunction()

# slmrig_fuzz(frame_fuzz LIBS slmrig_wire SOURCES frame_fuzz.cc [SEEDS file...] [MUTATIONS 20000]): a libFuzzer
# program in the sanitizer build (run by `./dev fuzz`); elsewhere a unit test that feeds so many seeded mutations of
# SEEDS.
function(slmrig_fuzz name)
  cmake_parse_arguments(arg "" "MUTATIONS" "LIBS;SOURCES;SEEDS" ${ARGN})
  if(SLMRIG_SANITIZE)
    add_executable(${name} ${arg_SOURCES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz-bin")
    add_dependencies(fuzz_targets ${name})
    foreach(seed ${arg_SEEDS})
      file(COPY "${CMAKE_SOURCE_DIR}/${seed}" DESTINATION "${CMAKE_BINARY_DIR}/fuzz-seeds/${name}")
    endforeach()
  else()
    add_executable(${name} ${arg_SOURCES} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/test-bin")
    if(arg_MUTATIONS)
      target_compile_definitions(${name} PRIVATE SLMRIG_MUTATIONS=${arg_MUTATIONS})
    endif()
    add_dependencies(unit_tests ${name})
    add_test(NAME "${name}: survives seeded mutations" COMMAND ${name} ${arg_SEEDS}
             WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
    set_tests_properties("${name}: survives seeded mutations" PROPERTIES LABELS unit TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE slmrig_options ${arg_LIBS})
  target_compile_features(${name} PRIVATE cxx_std_20)
endfunction()

if(SLMRIG_HOST)
  find_package(Catch2 2.13 REQUIRED)
  include(Catch)
  find_package(benchmark REQUIRED)
  find_package(nlohmann_json 3.11 REQUIRED)
  find_package(fmt REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(SQLite3 REQUIRED)
  find_package(tl-expected REQUIRED)
  find_package(Threads REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(serialport REQUIRED IMPORTED_TARGET libserialport)
  pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
  pkg_check_modules(zip REQUIRED IMPORTED_TARGET libzip)
  add_library(slmrig_catch_main STATIC "${CMAKE_SOURCE_DIR}/cmake/catch_main.cc")
  target_link_libraries(slmrig_catch_main PUBLIC Catch2::Catch2)
  target_compile_features(slmrig_catch_main PRIVATE cxx_std_20)
  # Catch's own code is not what we test: instrumenting it costs a minute of every clean build.
  target_compile_options(slmrig_catch_main PRIVATE -O0 -fno-sanitize=all)

  set(headers <algorithm> <array> <filesystem> <functional> <map> <memory> <optional> <span> <string> <vector>
              <fmt/format.h> <nlohmann/json.hpp> <tl/expected.hpp>)
  foreach(way plain hot cli test)
    string(TOUPPER ${way} upper)
    add_library(slmrig_headers_${way} OBJECT "${CMAKE_SOURCE_DIR}/cmake/headers.cc")
    target_link_libraries(slmrig_headers_${way} PRIVATE slmrig_options tl::expected fmt::fmt nlohmann_json::nlohmann_json
                                                        Threads::Threads)
    target_compile_features(slmrig_headers_${way} PRIVATE cxx_std_20)
    target_compile_options(slmrig_headers_${way} PRIVATE ${SLMRIG_${upper}_FLAGS})
    target_precompile_headers(slmrig_headers_${way} PRIVATE ${headers})
  endforeach()
  target_precompile_headers(slmrig_headers_cli PRIVATE <CLI/CLI.hpp>)
  target_link_libraries(slmrig_headers_test PRIVATE Catch2::Catch2)
  target_precompile_headers(slmrig_headers_test PRIVATE <catch2/catch.hpp>)
endif()
