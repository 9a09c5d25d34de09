// Recipes: which tensor gets which type, and by which method. Bundled ones are workloads/recipes/*.json,
// built into the program; a user's own is a file. workloads/recipes/recipe.schema.json describes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "workloads/forge/gguf.h"

namespace slmrig::forge {

enum class QuantizeMethod {
  kNearest,  // scales by the largest weight, weights to the nearest level
  kSearch,   // scales that lose least, errors weighted by the calibration's inputs
  kGptq,     // kSearch, and later columns of a row make up for the errors of earlier ones
};
std::string_view to_string(QuantizeMethod method);

struct RecipeRule {
  std::vector<std::string> match;  // tensor names, * for any text
  std::uint32_t type = kGgmlF32;
  QuantizeMethod method = QuantizeMethod::kNearest;
  std::vector<std::uint32_t> fallback;
};

struct Recipe {
  std::string name;
  std::string description;
  // Not empty: the variant was trained, and MODEL.gguf's is MODEL.<student>.gguf. There are no rules then.
  std::string student;
  std::vector<RecipeRule> rules;

  bool needs_calibration() const;
};

// The bundled ones, in the order in which help texts list them.
const std::vector<std::string>& recipe_names();

// A bundled recipe by its name, or the file: what has a slash or ends in .json is a file. An unknown name is
// refused with the nearest.
base::Result<Recipe> find_recipe(const std::string& name_or_file);
// `file_name` stands for the text in messages.
base::Result<Recipe> parse_recipe(std::string json, const std::string& file_name);

// What the recipe makes of a tensor.
struct TensorPlan {
  std::uint32_t type = kGgmlF32;
  QuantizeMethod method = QuantizeMethod::kNearest;
  std::uint32_t wanted_type = kGgmlF32;  // differs from type after a fallback
};

// Vectors are floats; a matrix has the first rule that matches. Refused (kUnsupported): a row length that is
// not a whole number of the type's blocks, naming what would be fallen back to, unless `allow_fallback`; a
// matrix that no rule matches.
base::Result<TensorPlan> plan_tensor(const Recipe& recipe, const GgufTensor& tensor, bool allow_fallback);

}  // namespace slmrig::forge
