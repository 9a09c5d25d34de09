// Perplexity, bits per byte, and the distance to a reference, over windows of a text.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include <fmt/format.h>

#include "workloads/forge/evaluate.h"

namespace slmrig::forge {

using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Status;

namespace {

constexpr std::uint32_t kUsualWindowTokens = 512;

// A window's ids, BOS in front where the model wants one; what follows place first_scored is scored.
struct Window {
  std::vector<std::int32_t> ids;
  std::size_t first_scored = 0;
};

// Sums over the scored positions of each window, [windows].
struct WindowSums {
  std::vector<double> tokens;
  std::vector<double> text_bytes;
  std::vector<double> nats;
  std::vector<double> divergence_nats;
  std::vector<double> same_top;
};

// The whole text as ids without BOS. The runtime encodes at most max_prompt_bytes at once, so the text goes
// in pieces that end before a space: pieces of a vocabulary hold one at their beginning only.
Result<std::vector<std::int32_t>> encode_all(ModelRunner* model, std::string_view text) {
  runtime::Runtime& runtime = model->runtime();
  const std::size_t most_bytes = runtime::max_prompt_bytes(runtime.header().context_tokens);
  std::vector<std::int32_t> all;
  for (std::size_t start = 0; start < text.size();) {
    std::size_t end = std::min(text.size(), start + most_bytes);
    if (end < text.size()) {
      const std::size_t border = text.find_last_of(' ', end);
      if (border != std::string_view::npos && border > start) end = border;
    }
    std::vector<std::int32_t> ids(most_bytes + 2);
    std::uint32_t count = 0;
    // A space that opens a piece is what the tokenizer puts in front by itself.
    std::string_view piece = text.substr(start, end - start);
    if (start > 0 && piece.front() == ' ') piece.remove_prefix(1);
    const Status status = runtime.encode(piece.data(), piece.size(), ids.data(),
                                         static_cast<std::uint32_t>(ids.size()), &count);
    if (status != Status::kOk) return tl::unexpected(runtime_error("encoding the text", status));
    const std::uint32_t skip = runtime.adds_bos() ? 1 : 0;
    all.insert(all.end(), ids.begin() + skip, ids.begin() + count);
    start = end;
  }
  return all;
}

double log_of_sum(std::span<const float> logits, float largest) {
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit - largest));
  return std::log(sum);
}

double negative_log_likelihood(std::span<const float> logits, std::int32_t id) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  return log_of_sum(logits, largest) - static_cast<double>(logits[static_cast<std::size_t>(id)] - largest);
}

// sum p log(p / q), p of the reference.
double divergence(std::span<const float> reference, std::span<const float> logits) {
  const float p_largest = *std::max_element(reference.begin(), reference.end());
  const float q_largest = *std::max_element(logits.begin(), logits.end());
  const double p_log_sum = log_of_sum(reference, p_largest);
  const double q_log_sum = log_of_sum(logits, q_largest);
  double sum = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double log_p = static_cast<double>(reference[i] - p_largest) - p_log_sum;
    const double log_q = static_cast<double>(logits[i] - q_largest) - q_log_sum;
    sum += std::exp(log_p) * (log_p - log_q);
  }
  return sum;
}

std::size_t likeliest(std::span<const float> logits) {
  return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

Result<std::size_t> bytes_of_token(const runtime::Runtime& runtime, std::int32_t id) {
  char text[256];
  std::size_t text_bytes = 0;
  const Status status = runtime.token_text(id, false, text, sizeof(text), &text_bytes);
  if (status != Status::kOk) return tl::unexpected(runtime_error("reading a token's text", status));
  return text_bytes;
}

std::span<const float> logits_of(const runtime::Runtime& runtime) {
  return {runtime.logits(), runtime.header().vocabulary_tokens};
}

class TextScorer {
 public:
  TextScorer(ModelRunner* model, const TextOptions& options) : options_(options) {
    runtimes_[0] = &model->runtime();
    if (options.reference != nullptr) runtimes_[runtime_count_++] = &options.reference->runtime();
  }

  base::Done score(const Window& window) {
    for (std::vector<double>* sum :
         {&sums_.tokens, &sums_.text_bytes, &sums_.nats, &sums_.divergence_nats, &sums_.same_top}) {
      sum->push_back(0.0);
    }
    SLMRIG_TRY(run([](runtime::Runtime* runtime) { return runtime->begin({}); }));
    if (window.first_scored > 0) SLMRIG_TRY(prefill(window, 0, window.first_scored));
    for (std::size_t place = window.first_scored; place + 1 < window.ids.size(); ++place) {
      SLMRIG_TRY(prefill(window, place, 1));
      SLMRIG_TRY(score_next(window.ids[place + 1]));
    }
    return {};
  }

  const WindowSums& sums() const { return sums_; }

 private:
  template <typename Step>
  base::Done run(const Step& step) {
    for (std::size_t i = 0; i < runtime_count_; ++i) {
      const Status status = step(runtimes_[i]);
      if (status != Status::kOk) return tl::unexpected(runtime_error("scoring the text", status));
    }
    return {};
  }

  base::Done prefill(const Window& window, std::size_t place, std::size_t count) {
    return run([&](runtime::Runtime* runtime) {
      return runtime->prefill(&window.ids[place], static_cast<std::uint32_t>(count));
    });
  }

  base::Done score_next(std::int32_t id) {
    const std::span<const float> logits = logits_of(*runtimes_[0]);
    sums_.nats.back() += negative_log_likelihood(logits, id);
    SLMRIG_ASSIGN(const std::size_t token_bytes, bytes_of_token(*runtimes_[0], id));
    sums_.text_bytes.back() += static_cast<double>(token_bytes);
    sums_.tokens.back() += 1.0;
    if (options_.kept_logits != nullptr) {
      options_.kept_logits->insert(options_.kept_logits->end(), logits.begin(), logits.end());
    }
    const std::span<const float> reference = next_reference();
    if (reference.empty()) return {};
    sums_.divergence_nats.back() += divergence(reference, logits);
    sums_.same_top.back() += likeliest(reference) == likeliest(logits) ? 1.0 : 0.0;
    return {};
  }

  // Empty without a reference.
  std::span<const float> next_reference() {
    if (runtime_count_ == 2) return logits_of(*runtimes_[1]);
    if (options_.reference_logits == nullptr) return {};
    const std::size_t vocabulary = runtimes_[0]->header().vocabulary_tokens;
    SLMRIG_CHECK(reference_at_ + vocabulary <= options_.reference_logits->size());
    const std::span<const float> all(*options_.reference_logits);
    const std::span<const float> logits = all.subspan(reference_at_, vocabulary);
    reference_at_ += vocabulary;
    return logits;
  }

  const TextOptions& options_;
  std::size_t reference_at_ = 0;  // in reference_logits
  runtime::Runtime* runtimes_[2] = {};
  std::size_t runtime_count_ = 1;
  WindowSums sums_;
};

Result<std::vector<Window>> windows_of_text(ModelRunner* model, std::string_view text,
                                            std::size_t window_tokens) {
  const runtime::Runtime& runtime = model->runtime();
  SLMRIG_ASSIGN(std::vector<std::int32_t> ids, encode_all(model, text));
  if (runtime.adds_bos()) ids.insert(ids.begin(), runtime.bos_id());
  std::size_t first_scored = window_tokens / 2;
  if (ids.size() < 2 * window_tokens) {
    window_tokens = std::min(window_tokens, ids.size());
    first_scored = 0;
  }
  if (window_tokens < 2) {
    return fail(ErrorCode::kBadInput, "the text has no two tokens; there is nothing to score");
  }
  std::vector<Window> windows;
  for (std::size_t start = 0; start + window_tokens <= ids.size(); start += window_tokens) {
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(start);
    windows.push_back({{begin, begin + static_cast<std::ptrdiff_t>(window_tokens)}, first_scored});
    if (runtime.adds_bos()) windows.back().ids[0] = runtime.bos_id();
  }
  return windows;
}

Result<std::vector<Window>> windows_of_documents(ModelRunner* model, std::string_view text) {
  const runtime::Runtime& runtime = model->runtime();
  std::vector<Window> windows;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", start), text.size());
    const std::string_view document = text.substr(start, end - start);
    start = std::min(text.size(), end + 2);
    SLMRIG_ASSIGN(std::vector<std::int32_t> ids, encode_all(model, document));
    if (runtime.adds_bos()) ids.insert(ids.begin(), runtime.bos_id());
    if (ids.size() > runtime.context_tokens()) {
      return fail(
          ErrorCode::kBadInput,
          fmt::format("document {} has {} tokens, the context holds {}; shorten it or raise --context",
                      windows.size() + 1, ids.size(), runtime.context_tokens()));
    }
    if (ids.size() >= 2) windows.push_back({std::move(ids), 0});
  }
  if (windows.empty()) return fail(ErrorCode::kBadInput, "the text has no document of two tokens or more");
  return windows;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum;
}

TextScore summarise(const WindowSums& sums, bool has_reference) {
  TextScore score;
  const double tokens = sum_of(sums.tokens);
  const double nats = sum_of(sums.nats);
  score.windows = sums.tokens.size();
  score.scored_tokens = static_cast<std::uint64_t>(tokens);
  score.text_bytes = static_cast<std::uint64_t>(sum_of(sums.text_bytes));
  score.nats_per_token = nats / tokens;
  score.perplexity = std::exp(score.nats_per_token);
  const Interval nats_ci95 = bootstrap_ratio(sums.nats, sums.tokens);
  score.perplexity_ci95 = {std::exp(nats_ci95.low), std::exp(nats_ci95.high)};
  if (score.text_bytes > 0) {
    score.bits_per_byte = nats / std::numbers::ln2 / static_cast<double>(score.text_bytes);
    const Interval ratio = bootstrap_ratio(sums.nats, sums.text_bytes);
    score.bits_per_byte_ci95 = {ratio.low / std::numbers::ln2, ratio.high / std::numbers::ln2};
  }
  if (has_reference) {
    score.divergence =
        Divergence{sum_of(sums.divergence_nats) / tokens, bootstrap_ratio(sums.divergence_nats, sums.tokens),
                   sum_of(sums.same_top) / tokens, bootstrap_ratio(sums.same_top, sums.tokens)};
  }
  return score;
}

base::Done check_reference(const runtime::Runtime& model, const runtime::Runtime& reference) {
  if (model.header().vocabulary_tokens != reference.header().vocabulary_tokens) {
    return fail(
        ErrorCode::kBadInput,
        fmt::format("the reference has a vocabulary of {} tokens and the model one of {}; give a model "
                    "that this one was made from",
                    reference.header().vocabulary_tokens, model.header().vocabulary_tokens));
  }
  if (reference.context_tokens() < model.context_tokens()) {
    return fail(ErrorCode::kBadInput,
                fmt::format("the reference has a context of {} tokens, less than the model's {}",
                            reference.context_tokens(), model.context_tokens()));
  }
  return {};
}

}  // namespace

Result<TextScore> score_text(ModelRunner* model, std::string_view text, const TextOptions& options,
                             const Progress& progress) {
  SLMRIG_CHECK(options.reference != model);  // it would run every token twice
  if (options.reference != nullptr) {
    SLMRIG_TRY(check_reference(model->runtime(), options.reference->runtime()));
  }
  const std::uint32_t window_tokens = std::min(kUsualWindowTokens, model->runtime().context_tokens());
  SLMRIG_ASSIGN(const std::vector<Window> windows, options.is_documents
                                                       ? windows_of_documents(model, text)
                                                       : windows_of_text(model, text, window_tokens));
  TextScorer scorer(model, options);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    SLMRIG_TRY(scorer.score(windows[i]));
    if (progress) progress(i + 1, windows.size());
  }
  const bool has_reference = options.reference != nullptr || options.reference_logits != nullptr;
  TextScore score = summarise(scorer.sums(), has_reference);
  if (!options.is_documents) score.window_tokens = window_tokens;
  return score;
}

}  // namespace slmrig::forge
