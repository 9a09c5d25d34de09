// UUIDs of version 7 (RFC 9562): their text sorts by the time at which they were made.
#pragma once

#include <string>

namespace slmrig::base {

// "0198c0de-....": 48 bits of UTC milliseconds, then a counter and randomness. Texts of one process rise
// strictly, also within a millisecond and when the wall clock steps back. Safe from many threads.
std::string uuid_v7();

}  // namespace slmrig::base
