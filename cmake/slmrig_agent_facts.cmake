# slmrig_agent_facts(target file): after each link writes static sizes and build id of an agent as JSON.
# Run as a script (cmake -P) it does the writing: -D elf= json= size= readelf=.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  function(slmrig_agent_facts target json)
    get_filename_component(tools "${CMAKE_READELF}" DIRECTORY)
    get_filename_component(readelf_name "${CMAKE_READELF}" NAME)
    string(REPLACE readelf size size_name "${readelf_name}")
    add_custom_command(
      TARGET ${target} POST_BUILD
      COMMAND ${CMAKE_COMMAND} -D "elf=$<TARGET_FILE:${target}>" -D "json=${json}" -D "size=${tools}/${size_name}"
              -D "readelf=${CMAKE_READELF}" -P "${CMAKE_SOURCE_DIR}/cmake/slmrig_agent_facts.cmake"
      VERBATIM)
  endfunction()
  return()
endif()

function(output variable)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# Sections by what they cost: code and constants, initialised data, zeroed data, and memory that is reserved only.
output(sections "${size}" -A -d "${elf}")
set(text_bytes 0)
set(data_bytes 0)
set(bss_bytes 0)
set(arena_bytes 0)
set(upload_slot_bytes 0)
set(stack_bytes 0)
string(REGEX MATCHALL "\n\\.[^ \n]+ +[0-9]+ +[0-9]+" lines "${sections}")
foreach(line IN LISTS lines)
  string(REGEX MATCH "\n(\\.[^ ]+) +([0-9]+) +([0-9]+)" _ "${line}")
  set(name "${CMAKE_MATCH_1}")
  set(bytes "${CMAKE_MATCH_2}")
  set(address "${CMAKE_MATCH_3}")
  if(name MATCHES "^\\.(arena|stack|upload_slot)$")
    string(SUBSTRING "${name}" 1 -1 class)
    set(${class}_bytes "${bytes}")
  elseif(name MATCHES "^\\.(debug|comment|ARM\\.attributes)")
    continue()
  elseif(name MATCHES "^\\.(bss|tbss|retained)$")
    math(EXPR bss_bytes "${bss_bytes} + ${bytes}")
  elseif(name MATCHES "^\\.(data|tdata|got|dynamic|init_array|fini_array)")
    math(EXPR data_bytes "${data_bytes} + ${bytes}")
  else()
    math(EXPR text_bytes "${text_bytes} + ${bytes}")
  endif()
endforeach()

output(notes "${readelf}" -n "${elf}")
string(REGEX MATCH "Build ID: ([0-9a-f]+)" _ "${notes}")
set(build_id "${CMAKE_MATCH_1}")
get_filename_component(file_name "${elf}" NAME)
file(WRITE "${json}" "{
  \"file\": \"${file_name}\",
  \"build_id\": \"${build_id}\",
  \"text_bytes\": ${text_bytes},
  \"data_bytes\": ${data_bytes},
  \"bss_bytes\": ${bss_bytes},
  \"stack_bytes\": ${stack_bytes},
  \"upload_slot_bytes\": ${upload_slot_bytes},
  \"arena_bytes\": ${arena_bytes}
}
")
message(STATUS "${file_name}: text ${text_bytes}, data ${data_bytes}, bss ${bss_bytes} bytes, build id ${build_id}")
