// The command lines of ssh, and what its failures mean. Pure.
//
// Everything that reaches the board's shell is quoted here: names of folders and arguments come from rig
// files, and none of them can become a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/records/rig.h"

namespace slmrig::deploy {

// One word of a shell's command line, whatever the text holds (no NUL).
std::string shell_word(std::string_view text);

// What the login shell of the board, whichever it is, is given to run: a script for sh with its arguments $1,
// $2, ... The script must hold no line breaks.
std::string remote_script(std::string_view script, const std::vector<std::string>& arguments);

// "ssh ... -- host command". Without prompts, with the user's own ssh configuration, through the connection
// that serves at `socket`; `is_master`: this call is to serve there.
std::vector<std::string> ssh_command(const base::SshSpec& spec, const std::string& socket, bool is_master,
                                     const std::string& remote_command);

// The error behind an exit status of 255, from what ssh wrote to its stderr, with what to do about it.
// kLinkLost where another try may do better.
base::Error ssh_failure(const base::SshSpec& spec, std::string_view words);

// The error behind any other exit status of a command on the board, from what that wrote.
base::Error remote_failure(const std::string& task, const std::string& exit_text, std::string_view words);

// "user@host" or "host": for messages.
std::string ssh_destination(const base::SshSpec& spec);

}  // namespace slmrig::deploy
