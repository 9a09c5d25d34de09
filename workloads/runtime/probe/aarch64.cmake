# The probe for 64-bit Arm, cross-compiled, and a test that runs it under qemu-user.
find_program(SLMRIG_AARCH64_CXX aarch64-linux-gnu-g++)
find_program(SLMRIG_QEMU_AARCH64 qemu-aarch64)
if(NOT SLMRIG_AARCH64_CXX OR NOT SLMRIG_QEMU_AARCH64)
  message(WARNING "No aarch64-linux-gnu-g++ or qemu-aarch64: the kernels for AArch64 are not tested (./dev setup)")
  return()
endif()

set(objects)
file(GLOB sources CONFIGURE_DEPENDS kernels/plain/*.cc kernels/aarch64/*.cc)
list(FILTER sources EXCLUDE REGEX "_test\\.cc$|plain/select\\.cc$")
list(APPEND sources
  "${CMAKE_CURRENT_SOURCE_DIR}/image_formats.cc"
  "${CMAKE_CURRENT_SOURCE_DIR}/probe/aarch64_test.cc"
  "${CMAKE_CURRENT_SOURCE_DIR}/probe/probe.cc")
foreach(source ${sources})
  get_filename_component(name "${source}" NAME_WE)
  get_filename_component(folder "${source}" DIRECTORY)
  get_filename_component(folder "${folder}" NAME)
  set(object "${CMAKE_CURRENT_BINARY_DIR}/aarch64-${folder}-${name}.o")
  set(architecture)
  if(name MATCHES "dotprod$")
    set(architecture ${slmrig_aarch64_dotprod})
  elseif(name MATCHES "i8mm$")
    set(architecture ${slmrig_aarch64_i8mm})
  endif()
  add_custom_command(OUTPUT "${object}"
    COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} "${SLMRIG_AARCH64_CXX}" -std=c++17 -O3 -fno-exceptions -fno-rtti
            -fno-math-errno -ffp-contract=off ${architecture} -Wall -Wextra -Wshadow -Wconversion
            -Wno-sign-conversion -Werror "-I${CMAKE_SOURCE_DIR}" -MD -MF "${object}.d" -c "${source}" -o "${object}"
    DEPENDS "${source}" DEPFILE "${object}.d" COMMENT "Building ${folder}/${name} for AArch64")
  list(APPEND objects "${object}")
endforeach()
add_custom_command(OUTPUT probe-aarch64
  COMMAND "${SLMRIG_AARCH64_CXX}" -static ${objects} -o probe-aarch64
  DEPENDS ${objects} COMMENT "Linking probe-aarch64")
add_custom_target(probe-aarch64-program ALL DEPENDS probe-aarch64)
add_test(NAME "runtime: AArch64 kernels have the plain kernels' bits"
  COMMAND "${SLMRIG_QEMU_AARCH64}" -cpu max "${CMAKE_CURRENT_BINARY_DIR}/probe-aarch64" neon dotprod i8mm)
set_tests_properties("runtime: AArch64 kernels have the plain kernels' bits" PROPERTIES LABELS emulated TIMEOUT 300)
