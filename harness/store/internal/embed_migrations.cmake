# cmake -D OUT=<file.cc> -D FILES=<a.sql,b.sql> -P embed_migrations.cmake
#
# Writes the migrations, in the order of FILES, as the C++ that internal/schema.h declares.
string(REPLACE "," ";" files "${FILES}")
set(text "// Generated from harness/store/migrations/*.sql.\n#include \"harness/store/internal/schema.h\"\n\n")
string(APPEND text "#include <array>\n\nnamespace slmrig::store {\n\nnamespace {\n\nconstexpr std::array kMigrations = {\n")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" sql)
  string(APPEND text "    Migration{\"${name}\", R\"sql(${sql})sql\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\n")
string(APPEND text "std::span<const Migration> migrations() { return kMigrations; }\n\n}  // namespace slmrig::store\n")
file(WRITE "${OUT}" "${text}")
