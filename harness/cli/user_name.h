// Who calls: what a decision is signed with unless --who says otherwise.
#pragma once

#include <string>

namespace slmrig::cli {

// Of the environment (USER, LOGNAME), else "uid 1000".
std::string user_name();

}  // namespace slmrig::cli
