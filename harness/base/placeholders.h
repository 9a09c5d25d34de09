// {name} in the commands of rig and board files. Pure.
#pragma once

#include <map>
#include <string>

namespace slmrig::base {

// Every key of `values` ("{agent}") that stands in `text`, replaced. What was put in is not looked at again.
std::string filled_in(std::string text, const std::map<std::string, std::string>& values);

}  // namespace slmrig::base
