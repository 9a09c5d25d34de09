// Does the noise of a series swing? Part of change_points.cc.
#pragma once

#include <span>

namespace slmrig::analyse::internal {

// Standard deviation of the variance of single stretches of nights around the mean variance, as a share of
// it, beyond what chance makes of so few nights. 0: the noise is as loud in one stretch as in another; 0.6
// where sigma swings between 0.5 and 1.5.
//
// `innovations` [n], oldest first, in any unit of which 3 is a spike; what lies further off is left out.
double noise_swing(std::span<const double> innovations);

}  // namespace slmrig::analyse::internal
