// The overview of a whole session that Nordic's Power Profiler keeps beside the samples: lowest and highest
// current of at most 10,000 spans, which are joined two by two whenever there would be more. Not for users:
// capture_export.h.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace slmrig::measure {

class Minimap {
 public:
  // Times in microseconds, rising. What is not a number takes its time and no more.
  void add(double current_ua, double time_us);
  // As the file minimap.raw: nanoamperes, and nothing below 200 of them.
  std::string json() const;

 private:
  struct Span {
    double time_us = 0;
    double low_na = 0;
    double high_na = 0;
  };
  void fold();

  static constexpr std::size_t kMostSpans = 10'000;
  std::vector<Span> spans_;
  std::size_t samples_a_span_ = 1;
  std::size_t samples_in_last_ = 0;
};

}  // namespace slmrig::measure
