# The firmware build: reads boards/${SLMRIG_BOARD}/board.json and turns it into flags, a port and kernels.
# No board name stands in any CMake file; a new board of a known family is a folder with two files.

set(SLMRIG_BOARD_FOLDER "${CMAKE_SOURCE_DIR}/boards/${SLMRIG_BOARD}")
foreach(file board.json memory.ld)
  if(NOT EXISTS "${SLMRIG_BOARD_FOLDER}/${file}")
    message(FATAL_ERROR "boards/${SLMRIG_BOARD}/${file} is missing: a firmware board is a folder with board.json and memory.ld")
  endif()
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${SLMRIG_BOARD_FOLDER}/board.json")
file(READ "${SLMRIG_BOARD_FOLDER}/board.json" board_json)

# slmrig_board_value(variable key...): a value of board.json, which must be there.
function(slmrig_board_value variable)
  string(JSON value ERROR_VARIABLE problem GET "${board_json}" ${ARGN})
  if(problem)
    message(FATAL_ERROR "boards/${SLMRIG_BOARD}/board.json: ${problem}")
  endif()
  set(${variable} "${value}" PARENT_SCOPE)
endfunction()

slmrig_board_value(board_name name)
slmrig_board_value(SLMRIG_KERNELS compile kernels)
slmrig_board_value(SLMRIG_PORT compile port)
slmrig_board_value(board_clock_hz clock_hz)
slmrig_board_value(board_tick_rate_hz ticks rate_hz)
slmrig_board_value(board_flags compile flags)
if(NOT board_name STREQUAL SLMRIG_BOARD)
  message(FATAL_ERROR "boards/${SLMRIG_BOARD}/board.json: name is '${board_name}'; it must be the name of its folder")
endif()
if(NOT EXISTS "${CMAKE_SOURCE_DIR}/device-agent/ports/${SLMRIG_PORT}/CMakeLists.txt")
  message(FATAL_ERROR "boards/${SLMRIG_BOARD}/board.json: compile.port is '${SLMRIG_PORT}', but there is no such folder in device-agent/ports")
endif()

string(JSON flag_count LENGTH "${board_flags}")
math(EXPR last_flag "${flag_count} - 1")
foreach(index RANGE ${last_flag})
  string(JSON flag GET "${board_flags}" ${index})
  list(APPEND SLMRIG_BOARD_FLAGS "${flag}")
endforeach()

# -fbuiltin: freestanding alone would make every memcpy a call. The prefix map keeps folders of the build machine
# out of the firmware, and so makes its build id the same everywhere.
add_compile_options(${SLMRIG_BOARD_FLAGS} -Os -g -ffreestanding -fbuiltin -ffunction-sections -fdata-sections
                    -fno-unwind-tables -fno-asynchronous-unwind-tables "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/="
                    "-ffile-prefix-map=${CMAKE_BINARY_DIR}/=build/"
                    $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics> $<$<COMPILE_LANGUAGE:CXX>:-fno-use-cxa-atexit>)
add_compile_definitions(SLMRIG_BOARD_NAME="${board_name}" SLMRIG_CLOCK_HZ=${board_clock_hz}u
                        SLMRIG_TICK_RATE_HZ=${board_tick_rate_hz}u)
set(CMAKE_CXX_FLAGS_RELEASE "-DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-DNDEBUG")

include(slmrig_host_headers)

# slmrig_firmware_agent(name engine [output]): the agent's ELF in the root of the build folder.
function(slmrig_firmware_agent target engine)
  add_executable(${target} "${CMAKE_SOURCE_DIR}/device-agent/agent_main.cc"
                           "${CMAKE_SOURCE_DIR}/device-agent/ports/bare_metal_support.cc")
  target_link_libraries(${target} PRIVATE slmrig_options slmrig_agent_core slmrig_port ${engine})
  target_compile_features(${target} PRIVATE cxx_std_17)
  # Compiler and flags stand in the file (in no section that is loaded), for the provenance of what it measures.
  target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti -frecord-gcc-switches)
  target_link_options(
    ${target} PRIVATE ${SLMRIG_BOARD_FLAGS} -nostartfiles --specs=nano.specs -Wl,--gc-sections -Wl,--build-id=sha1
    -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments -Wl,-Map=${CMAKE_BINARY_DIR}/${target}.map
    -L${SLMRIG_BOARD_FOLDER} -T${SLMRIG_LINKER_SCRIPT})
  set_target_properties(
    ${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}" SUFFIX .elf
              LINK_DEPENDS "${SLMRIG_LINKER_SCRIPT};${SLMRIG_BOARD_FOLDER}/memory.ld")
  slmrig_agent_facts(${target} "${CMAKE_BINARY_DIR}/${target}.json")
endfunction()

# slmrig_flash_algorithm(agent): what a debugger runs on the board to write its flash, for boards that bring their own
# (flash_algorithm.c). Built with that target, since it is no use without it.
function(slmrig_flash_algorithm target)
  if(NOT EXISTS "${SLMRIG_BOARD_FOLDER}/flash_algorithm.c")
    return()
  endif()
  add_executable(flash_algorithm "${SLMRIG_BOARD_FOLDER}/flash_algorithm.c")
  target_link_libraries(flash_algorithm PRIVATE slmrig_options)
  # No section of its own for each function: their distances must stay as they were compiled. No calls to memset.
  target_compile_options(flash_algorithm PRIVATE -O2 -fno-function-sections -fno-builtin -fno-tree-loop-distribute-patterns)
  target_link_options(flash_algorithm PRIVATE ${SLMRIG_BOARD_FLAGS} -nostdlib -Wl,--build-id=none -Wl,-Ttext=0 -Wl,-eInit)
  set_target_properties(flash_algorithm PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}" SUFFIX .elf)
  add_dependencies(${target} flash_algorithm)
endfunction()
