// The image of a variant in a slot of a board that answers. Internal to deploy.
#pragma once

#include "harness/base/records/plan.h"
#include "harness/deploy/flasher.h"
#include "harness/deploy/started_board.h"

namespace slmrig::deploy {

// board.slot() holds the image afterwards, by the device's own hash, and is the active slot of a board that
// has slots: on trial until its first generation, unless it was confirmed before. What the board holds
// already, in whichever slot, is not sent again; what is sent goes to a slot that the board would not go back
// to.
base::Done place_image(Flasher& flasher, StartedBoard& board, const base::VariantFacts& variant,
                       const rig::UploadProgress& progress);

}  // namespace slmrig::deploy
