# The library of an MPS port: what these boards have in common, compiled against the chip.h of the folder that includes
# this file.
include("${CMAKE_CURRENT_LIST_DIR}/../cortex_m/port.cmake")
slmrig_cortex_m_port("${CMAKE_CURRENT_LIST_DIR}/condition.cc" "${CMAKE_CURRENT_LIST_DIR}/markers.cc"
                     "${CMAKE_CURRENT_LIST_DIR}/uart.cc")
set(SLMRIG_LINKER_SCRIPT "${SLMRIG_LINKER_SCRIPT}" PARENT_SCOPE)
