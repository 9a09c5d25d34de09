# Of the host's header folders, a cross compiler gets this one alone.
find_path(flatbuffers_folder flatbuffers/flatbuffers.h PATHS /usr/include /usr/local/include NO_DEFAULT_PATH
          NO_CMAKE_FIND_ROOT_PATH REQUIRED)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/host-headers")
file(CREATE_LINK "${flatbuffers_folder}/flatbuffers" "${CMAKE_BINARY_DIR}/host-headers/flatbuffers" SYMBOLIC)
include_directories(SYSTEM "${CMAKE_BINARY_DIR}/host-headers")
