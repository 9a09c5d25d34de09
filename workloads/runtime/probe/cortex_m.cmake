# Programs for emulated Cortex-M boards: the probe's cases, and whole tokens where an image is loaded.
find_program(SLMRIG_ARM_CXX arm-none-eabi-g++)
find_program(SLMRIG_QEMU_ARM qemu-system-arm)
if(NOT SLMRIG_ARM_CXX OR NOT SLMRIG_QEMU_ARM)
  message(WARNING "No arm-none-eabi-g++ or qemu-system-arm: the kernels for Cortex-M are not tested (./dev setup)")
  return()
endif()

# slmrig_probe_elf(probe-NAME KERNELS folder CODE address DATA address IMAGE address FLAGS -mcpu=...)
function(slmrig_probe_elf name)
  cmake_parse_arguments(arg "" "KERNELS;CODE;DATA;IMAGE" "FLAGS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc kernels/plain/*.cc kernels/${arg_KERNELS}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(NOT arg_KERNELS STREQUAL "plain")
    list(FILTER sources EXCLUDE REGEX "plain/select\\.cc$")
  endif()
  foreach(part board board_main probe tokens)
    list(APPEND sources "${CMAKE_CURRENT_SOURCE_DIR}/probe/${part}.cc")
  endforeach()
  set(objects)
  foreach(source ${sources})
    get_filename_component(part "${source}" NAME_WE)
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${name}-${folder}-${part}.o")
    add_custom_command(OUTPUT "${object}"
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} "${SLMRIG_ARM_CXX}" -std=c++17 -O3 -mthumb ${arg_FLAGS} -ffreestanding
              -fbuiltin -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-math-errno -ffp-contract=off
              -ffunction-sections -fdata-sections -Wall -Wextra -Werror "-I${CMAKE_SOURCE_DIR}"
              -MD -MF "${object}.d" -c "${source}" -o "${object}"
      DEPENDS "${source}" DEPFILE "${object}.d" COMMENT "Building ${folder}/${part} for ${name}")
    list(APPEND objects "${object}")
  endforeach()
  add_custom_command(OUTPUT ${name}.elf
    COMMAND "${SLMRIG_ARM_CXX}" -mthumb ${arg_FLAGS} -nostartfiles -Wl,--gc-sections
            -T "${CMAKE_CURRENT_SOURCE_DIR}/probe/board.ld" -Wl,--defsym=CODE=${arg_CODE}
            -Wl,--defsym=DATA=${arg_DATA} -Wl,--defsym=image_start=${arg_IMAGE} ${objects} -o ${name}.elf
    DEPENDS ${objects} probe/board.ld
    COMMENT "Linking ${name}.elf")
  add_custom_target(${name} ALL DEPENDS ${name}.elf)
endfunction()

# The images of the MPS2 with a Cortex-M3 also run the instructions of a Cortex-M0+, of which they have all.
slmrig_probe_elf(probe-cortex-m0plus KERNELS plain CODE 0x00000000 DATA 0x20000000 IMAGE 0x21000000
  FLAGS -mcpu=cortex-m0plus -mfloat-abi=soft)
slmrig_probe_elf(probe-cortex-m3 KERNELS plain CODE 0x00000000 DATA 0x20000000 IMAGE 0x21000000
  FLAGS -mcpu=cortex-m3 -mfloat-abi=soft)
slmrig_probe_elf(probe-cortex-m4 KERNELS cortex_m_dsp CODE 0x00000000 DATA 0x20000000 IMAGE 0x21000000
  FLAGS -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard)
slmrig_probe_elf(probe-cortex-m33 KERNELS cortex_m_dsp CODE 0x10000000 DATA 0x38000000 IMAGE 0x80000000
  FLAGS -mcpu=cortex-m33 -mfloat-abi=hard)
slmrig_probe_elf(probe-cortex-m55 KERNELS cortex_m_mve CODE 0x10000000 DATA 0x70000000 IMAGE 0x31000000
  FLAGS -mcpu=cortex-m55 -mfloat-abi=hard)
add_custom_target(probe-cortex-m)
add_dependencies(probe-cortex-m
  probe-cortex-m0plus probe-cortex-m3 probe-cortex-m4 probe-cortex-m33 probe-cortex-m55)
