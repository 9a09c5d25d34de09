// The bundled recipes, as built in. Only recipe.cc reads them.
#pragma once

#include <span>
#include <string_view>

namespace slmrig::forge {

struct RecipeText {
  std::string_view name;
  std::string_view json;
};

// In the order in which help texts list them.
std::span<const RecipeText> recipe_texts();

}  // namespace slmrig::forge
