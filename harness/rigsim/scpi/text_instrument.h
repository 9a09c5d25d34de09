// Bench supplies and multimeters that answer in text: what they are set to and what they say.
//
// The dialogues follow recordings of real drivers (libsigrok) with them; unknown commands go into the error
// queue, as SCPI asks.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace slmrig::rigsim {

// What hangs on the output: a constant current, or a resistor.
struct TextLoad {
  double amperes = 0;
  double ohms = 0;  // 0: the current is constant
};
// "12mA", "0.5A", "100ohm".
base::Result<TextLoad> parse_text_load(const std::string& text);

class TextInstrument {
 public:
  virtual ~TextInstrument() = default;
  // The answer to one command; empty: it answers nothing.
  virtual std::string hear(const std::string& command) = 0;
  // Takes the next command off `received`; empty: none is whole yet.
  virtual std::string next_command(std::string* received);
  // Between commands: "\n", or nothing.
  virtual std::string line_end() const { return "\n"; }
  // Shortest rest between two commands that it stands.
  virtual int rest_ms() const { return 0; }
  // "on 3.3000 V, limit 0.5000 A, 0.0120 A": for tests.
  std::string state() const;

  void set_load(const TextLoad& load) { load_ = load; }
  void set_identity(std::string text) { identity_ = std::move(text); }
  // The output no longer does as it is told.
  void stick_output(bool stuck) { stuck_ = stuck; }

 protected:
  struct Output {
    double volts = 0;
    double limit_a = 1;
    bool on = false;
  };
  Output& output() { return outputs_.at(selected_); }
  void switch_output(bool on);
  double measured_a() const;
  double measured_v() const;
  std::string error_text();
  std::string refuse(const std::string& command);

  std::string identity_;
  std::array<Output, 4> outputs_;
  std::size_t selected_ = 0;
  std::deque<std::string> errors_;

 private:
  TextLoad load_;
  bool stuck_ = false;
};

// rigol-dp832, hmc8043, hp-6632b, keysight-34465a, korad-ka3005p.
std::vector<std::string> text_instrument_names();
base::Result<std::unique_ptr<TextInstrument>> make_text_instrument(const std::string& name);

}  // namespace slmrig::rigsim
