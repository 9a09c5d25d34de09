// Small talk: many wordings, one answer a topic.
#include "harness/base/error.h"
#include "workloads/forge/corpus.h"
#include "workloads/forge/corpus_parts.h"
#include "workloads/forge/grammar.h"

namespace slmrig::forge {

namespace {

struct Topic {
  std::string_view wording;
  std::string_view answer;
};

constexpr Topic kTopics[] = {
    {"(hello|hi|hey|good day) [there|you|friend|watch]", "hello, how can i help?"},
    {"(thanks|thank you|many thanks|cheers) [a lot|so much|for that|for your help]", "you're welcome."},
    {"(bye|goodbye|see you|take care) [for now|later|then|soon]", "goodbye, take care."},
    {"(how are you|how are things|how do you do|are you ok) [doing|today|these days|now]",
     "i am fine, thank you."},
    {"(who are you|what are you|what's your name|who am i talking to) [exactly|then|again|really]",
     "i am wrist, the assistant on your watch."},
    {"(what can you do|how can you help|what do you do|what are you good at) [for me|then|exactly|here]",
     "i set timers, send messages, track workouts and more."},
    {"(tell me|say|do you know|i want) (a joke|something funny|a funny story|another joke)",
     "i would tell a time joke, but it is too early."},
    {"(i'm|i am|feeling|i feel) [so|very|really] (tired|sleepy|exhausted)",
     "you could go to bed a little earlier."},
    {"(i'm|i am|feeling|i feel) [so|very|really] (sad|down|lonely)", "i am sorry, maybe call a friend?"},
    {"(i'm|i am|feeling|i feel) [so|very|really] (happy|great|good)", "that is good to hear."},
    {"(i'm|i am) [so|very|really] (bored|boring myself|out of ideas)", "how about a short walk?"},
    {"(well done|good job|great work|nice work) [wrist|today|again|there]", "thank you, i do my best."},
    {"(yes|yeah|sure|ok|yep) [please|of course|do it|go on]", "ok, done."},
    {"(no|nope|never mind|forget it) [thanks|thank you|please|then]", "ok, never mind."},
    {"(sorry|excuse me|my bad|i'm sorry) [for that|about that|again|wrist]", "no problem at all."},
    {"(are you|you are) (a robot|real|human|alive|a person)", "i am a small program on your wrist."},
    {"(do you|can you) (love|like|hate) me [too|really|a bit]", "i like helping you."},
    {"(you are|you're) [so|very|really] (stupid|slow|bad|useless)", "i am sorry, please try me again."},
};

struct TopicTemplates {
  std::vector<std::string> by_split[4];
};

const std::vector<TopicTemplates>& topics() {
  static const std::vector<TopicTemplates> kTemplates = [] {
    std::vector<TopicTemplates> all;
    for (const Topic& topic : kTopics) {
      const std::vector<std::string> texts = expand_pattern(topic.wording);
      const std::vector<Split> splits = split_templates(texts);
      TopicTemplates& entry = all.emplace_back();
      for (std::size_t i = 0; i < texts.size(); ++i) {
        entry.by_split[static_cast<std::size_t>(splits[i])].push_back(texts[i]);
      }
    }
    return all;
  }();
  return kTemplates;
}

}  // namespace

std::size_t talk_topic_count() { return topics().size(); }

Draft draft_talk_of(std::size_t topic, Split split, Random& random) {
  SLMRIG_CHECK(topic < topics().size());
  const std::vector<std::string>& texts = topics()[topic].by_split[static_cast<std::size_t>(split)];
  Draft draft;
  draft.segments.push_back({texts[random.below(texts.size())], false});
  draft.example.kind = ExampleKind::kTalk;
  draft.example.template_text = "talk: " + draft.segments[0].text;
  draft.example.answer = kTopics[topic].answer;
  return draft;
}

Draft draft_talk(Split split, Random& random) {
  return draft_talk_of(random.below(topics().size()), split, random);
}

Example make_talk(Split split, Random& random) { return finish(draft_talk(split, random)); }

}  // namespace slmrig::forge
