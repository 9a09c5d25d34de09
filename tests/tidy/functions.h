// Finds functions by their braces, well enough to measure them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/tidy/source_file.h"

namespace slmrig::tidy {

struct FunctionSpan {
  std::string head;  // what stands before the body, in one line
  std::size_t first_line = 0;
  std::size_t last_line = 0;

  std::size_t lines() const { return last_line - first_line + 1; }
};

// The outermost functions (methods, test cases, lambdas bound at namespace scope): what is nested in a
// function counts for it. Not a parser: a body it cannot place is taken for a function.
std::vector<FunctionSpan> find_functions(const SourceFile& file);

}  // namespace slmrig::tidy
