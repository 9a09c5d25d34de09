// Unknown names: the nearest known one, or what there is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slmrig::base {

// The known name with the fewest edits (insert, delete, replace, swap of neighbours), case ignored; nothing
// when all are further away than a third of the name's length (at least 1 edit is always allowed).
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known);

// "unknown board 'mps2-an38' (did you mean 'mps2-an386'?)", or where nothing is near,
// "unknown board 'x'; known are native, mps2-an386".
std::string unknown_name(std::string_view kind, std::string_view name, const std::vector<std::string>& known);

}  // namespace slmrig::base
