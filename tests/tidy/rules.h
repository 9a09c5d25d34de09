// Rules of the house that a compiler does not know. Each looks at one file and returns what is wrong.
#pragma once

#include <string>
#include <vector>

#include "tests/tidy/source_file.h"

namespace slmrig::tidy {

inline constexpr std::size_t kLongestFileLines = 600;
inline constexpr std::size_t kLongestFunctionLines = 80;

std::vector<Violation> check_file_length(const SourceFile& file);
std::vector<Violation> check_function_lengths(const SourceFile& file);

// A note on work left over names its reason or its owner in parentheses right after the word.
std::vector<Violation> check_left_over_work(const SourceFile& file);

// Absolute paths of somebody's machine and addresses of package registries.
std::vector<Violation> check_machine_traces(const SourceFile& file);

// `#pragma once`, the own header first, snake_case names.
std::vector<Violation> check_cpp_habits(const SourceFile& file, const std::vector<SourceFile>& tree);

// We return errors; we do not throw them.
std::vector<Violation> check_no_throw(const SourceFile& file);

// Rooms that run on a board take no header that brings a heap, exceptions or streams.
std::vector<Violation> check_freestanding(const SourceFile& file);

// Boards are data: C++ outside tests does not know their names (a comment may give one as an example).
std::vector<Violation> check_board_names(const SourceFile& file, const std::vector<std::string>& boards);

// A test's name says in a few words what holds; no test is hidden, allowed to fail or skipped.
std::vector<Violation> check_test_names(const SourceFile& file);

}  // namespace slmrig::tidy
