# The Linux build: the agent of all Linux boards of one architecture, cross-compiled.
#
# Static, so that it runs on any distribution, however old its C library; compiled for the baseline of the
# architecture, because the kernels that need more are chosen at run time.
include(slmrig_host_headers)

# The prefix map keeps folders of the build machine out of the file, and so makes its build id the same everywhere.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=" "-ffile-prefix-map=${CMAKE_BINARY_DIR}/=build/"
                    -ffunction-sections -fdata-sections)

# slmrig_linux_agent(name engine): the agent's ELF in the root of the build folder.
function(slmrig_linux_agent target engine)
  add_executable(${target} "${CMAKE_SOURCE_DIR}/device-agent/agent_main.cc")
  target_link_libraries(${target} PRIVATE slmrig_options slmrig_agent_core slmrig_port_linux ${engine})
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti -frecord-gcc-switches)
  target_link_options(${target} PRIVATE -static -Wl,--gc-sections -Wl,--build-id=sha1)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}" SUFFIX .elf)
  slmrig_agent_facts(${target} "${CMAKE_BINARY_DIR}/${target}.json")
endfunction()
