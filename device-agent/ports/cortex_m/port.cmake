# The library of a Cortex-M port: the common part and the family's own sources, compiled against the chip.h of the folder
# that includes this file.
function(slmrig_cortex_m_port)
  slmrig_device_library(
    slmrig_port
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/clock.cc" "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/memory.cc"
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/startup.cc" ${ARGN})
  target_include_directories(slmrig_port PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(slmrig_port PUBLIC slmrig_agent_core)
  # Before the floating point unit is on and memory is initialised, a loop must not become a vector loop or memset.
  set_source_files_properties("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/startup.cc" PROPERTIES COMPILE_OPTIONS
                              "-fno-tree-vectorize;-fno-tree-loop-distribute-patterns")
  # The vector table is only named by the linker script: without this the archive member would stay behind.
  target_link_options(slmrig_port INTERFACE -Wl,--undefined=slmrig_vectors)
  set(SLMRIG_LINKER_SCRIPT "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/sections.ld" PARENT_SCOPE)
endfunction()
