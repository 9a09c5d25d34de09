# cmake -D OUT=<file.cc> -D FILES=<a.json,b.json> -P embed_recipes.cmake
#
# Writes the recipes, in the order of FILES, as the C++ that workloads/forge/recipe.cc reads. Built in, so
# that a variant is made by the recipe that its slmforge was built with.
string(REPLACE "," ";" files "${FILES}")
set(text "// Generated from workloads/recipes/*.json.\n#include <array>\n\n#include \"workloads/forge/recipe_texts.h\"\n\n")
string(APPEND text "namespace slmrig::forge {\n\nnamespace {\n\nconstexpr std::array kTexts = {\n")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WLE)
  file(READ "${file}" json)
  string(APPEND text "    RecipeText{\"${name}\", R\"json(${json})json\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\n")
string(APPEND text "std::span<const RecipeText> recipe_texts() { return kTexts; }\n\n}  // namespace slmrig::forge\n")
file(WRITE "${OUT}" "${text}")
