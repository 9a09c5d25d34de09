// Summaries: a sensor stream inside a wording, and the sentence that states its facts.
#include <fmt/format.h>

#include "harness/base/error.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/corpus_parts.h"
#include "workloads/forge/corpus_streams.h"
#include "workloads/forge/grammar.h"

namespace slmrig::forge {

namespace {

struct StreamTemplate {
  std::string wording;  // with {items}
  std::string_view layout;
  std::string identity;
};

struct StreamKind {
  const StreamSpec* spec;
  std::vector<StreamTemplate> by_split[4];
};

const std::vector<StreamKind>& kinds() {
  static const std::vector<StreamKind> kKinds = [] {
    std::vector<StreamKind> all;
    for (const StreamSpec& spec : stream_specs()) {
      std::vector<StreamTemplate> templates;
      std::vector<std::string> identities;
      for (const std::string& wording : expand_pattern(spec.wording)) {
        for (const std::string_view layout : spec.layouts) {
          identities.push_back(fmt::format("{}: {} | {}", spec.name, wording, layout));
          templates.push_back({wording, layout, identities.back()});
        }
      }
      const std::vector<Split> splits = split_templates(identities);
      StreamKind& kind = all.emplace_back();
      kind.spec = &spec;
      for (std::size_t i = 0; i < templates.size(); ++i) {
        kind.by_split[static_cast<std::size_t>(splits[i])].push_back(std::move(templates[i]));
      }
    }
    return all;
  }();
  return kKinds;
}

}  // namespace

std::size_t summary_kind_count() { return kinds().size(); }

Draft draft_summary_of(std::size_t kind_index, Split split, Random& random) {
  SLMRIG_CHECK(kind_index < kinds().size());
  const StreamKind& kind = kinds()[kind_index];
  const std::vector<StreamTemplate>& templates = kind.by_split[static_cast<std::size_t>(split)];
  const StreamTemplate& chosen = templates[random.below(templates.size())];
  while (true) {
    Stream stream = kind.spec->make(chosen.layout, random);
    // The readings are the slots here: which of them may be seen in which split hangs on all of them.
    std::string combination = fmt::format("{} {}", kind.spec->name, stream.items);
    if (split_of_combination(combination) != split) continue;
    Draft draft;
    const std::size_t hole = chosen.wording.find("{items}");
    draft.segments.push_back({chosen.wording.substr(0, hole), false});
    draft.segments.push_back({std::move(stream.items), true});
    draft.example.kind = ExampleKind::kSummary;
    draft.example.answer = std::move(stream.answer);
    draft.example.template_text = chosen.identity;
    draft.example.combination = std::move(combination);
    draft.example.facts = std::move(stream.facts);
    draft.example.phrases = std::move(stream.phrases);
    return draft;
  }
}

Draft draft_summary(Split split, Random& random) {
  return draft_summary_of(random.below(kinds().size()), split, random);
}

Example make_summary(Split split, Random& random) { return finish(draft_summary(split, random)); }

}  // namespace slmrig::forge
