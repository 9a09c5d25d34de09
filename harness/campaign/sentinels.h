// What makes a sentinel one: its agent and image are those of the first night, whatever was built since.
//
// Kept in a folder of its own, because a cache may be cleaned: agents/<bench>/<file>, and images/<model>-
// <variant>-... with the facts that slmforge told of them. Removing the folder freezes anew, and begins new
// sentinels. Safe from several processes at once: the first one's files stand.
#pragma once

#include <filesystem>

#include "harness/base/error.h"
#include "harness/base/records/plan.h"
#include "harness/campaign/prepare.h"
#include "harness/deploy/deploy.h"

namespace slmrig::campaign {

bool is_sentinel(const base::Session& session);

// Beside the cache, so that cleaning this does not thaw them.
std::filesystem::path sentinel_folder(const deploy::Workshop& workshop);

// After provision(): keeps what is not kept yet, and puts what is kept in the place of what was provisioned
// (Preparation::variants, and frozen_agents by bench). Does nothing for a plan without sentinels. An agent
// that is not there is left to deployment to complain of.
base::Done freeze_sentinels(const base::ExpandedPlan& expanded, const deploy::Workshop& workshop,
                            const std::filesystem::path& folder, Preparation& preparation);

}  // namespace slmrig::campaign
