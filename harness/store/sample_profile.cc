#include "harness/store/sample_profile.h"

#include <array>

namespace slmrig::store {
namespace {

constexpr int32_t kLayers = 2;
constexpr uint64_t kLookingTicks = 3;
constexpr const char* kSampleKernel = "Q8_0";
constexpr uint64_t kRooflineMacs = 1'000'000;

// Of what an average MAC of a token takes; the shares below go down to 0.88 of it.
constexpr double kLeastShareOfTicks = 0.8;

struct Share {
  const char* name;
  bool of_layer;
  double ticks;  // of a token; of each layer
  double macs;
};

constexpr std::array<Share, 13> kShares = {{{"attention_norm", true, 0.008, 0.0},
                                            {"query", true, 0.045, 0.05},
                                            {"key", true, 0.022, 0.025},
                                            {"value", true, 0.022, 0.025},
                                            {"rope", true, 0.006, 0.0},
                                            {"scores", true, 0.011, 0.01},
                                            {"softmax", true, 0.009, 0.0},
                                            {"attention_output", true, 0.046, 0.05},
                                            {"gate", true, 0.11, 0.12},
                                            {"down", true, 0.112, 0.12},
                                            {"output", false, 0.19, 0.2},
                                            {"sampling", false, 0.008, 0.0},
                                            {"other", false, 0.02, 0.0}}};

uint64_t scaled(double share, uint64_t tokens, double per_token) {
  return static_cast<uint64_t>(share * per_token * static_cast<double>(tokens));
}

}  // namespace

base::Profile sample_profile(const std::string& cell_id, const SampleCosts& costs) {
  base::Profile profile;
  profile.cell_id = cell_id;
  profile.generations = costs.generations;
  for (const base::Phase phase : {base::Phase::kPrefill, base::Phase::kDecode}) {
    base::PhaseCost& total = profile.phases[static_cast<std::size_t>(phase)];
    total.tokens = phase == base::Phase::kPrefill ? costs.prompt_tokens : costs.decode_tokens;
    for (const Share& share : kShares) {
      for (int32_t layer = 0; layer < (share.of_layer ? kLayers : 1); ++layer) {
        base::OperatorCost cost;
        cost.phase = phase;
        cost.layer = share.of_layer ? layer : -1;
        cost.operator_name = share.name;
        cost.calls = total.tokens;
        cost.ticks = scaled(share.ticks, total.tokens, costs.ticks_per_token);
        cost.macs = scaled(share.macs, total.tokens, static_cast<double>(costs.macs_per_token));
        if (share.macs > 0 && cost.operator_name != "scores") cost.kernel = kSampleKernel;
        cost.bytes = scaled(share.macs, total.tokens, static_cast<double>(costs.bytes_per_token));
        total.ticks += cost.ticks + kLookingTicks;
        total.subtracted_ticks += kLookingTicks;
        profile.operators.push_back(std::move(cost));
      }
    }
  }
  return profile;
}

base::Roofline sample_roofline(const std::string& session_id, const SampleCosts& costs) {
  const double ticks_per_mac = costs.ticks_per_token / static_cast<double>(costs.macs_per_token);
  const uint64_t ticks = scaled(kLeastShareOfTicks, kRooflineMacs, ticks_per_mac);
  base::Roofline roofline;
  roofline.session_id = session_id;
  roofline.entries = {
      {base::RooflineKind::kKernel, kSampleKernel, 1, kRooflineMacs, kRooflineMacs * 34 / 32, ticks},
      {base::RooflineKind::kKernel, kSampleKernel, 2, 2 * kRooflineMacs, kRooflineMacs * 34 / 32,
       ticks * 3 / 2},
      {base::RooflineKind::kMemory, "weights", 0, 0, kRooflineMacs, ticks / 2},
      {base::RooflineKind::kMemory, "arena", 0, 0, kRooflineMacs, ticks / 3}};
  return roofline;
}

}  // namespace slmrig::store
