#include "harness/rigsim/scpi/text_instrument.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "harness/base/suggest.h"

namespace slmrig::rigsim {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// Without the leading colon, in capitals; what follows a blank in `argument`.
std::string header_of(const std::string& command, std::string* argument) {
  const std::size_t blank = command.find(' ');
  *argument = blank == std::string::npos ? std::string() : command.substr(blank + 1);
  std::string header = command.substr(0, blank);
  if (!header.empty() && header.front() == ':') header.erase(0, 1);
  std::transform(header.begin(), header.end(), header.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return header;
}

bool is_on_word(const std::string& word) { return word == "ON" || word == "1" || word == "on"; }

// What supplies of the SCPI family have in common; they differ in words and figures.
class ScpiSupply : public TextInstrument {
 public:
  struct Words {
    const char* identity;
    const char* measure_power;  // null: it has no such question
    const char* output;         // "OUTP", "OUTP:STAT"
    const char* on;             // in answers
    const char* off;
    int digits;
    bool selects;
  };
  explicit ScpiSupply(const Words& words) : words_(words) { identity_ = words.identity; }

  std::string hear(const std::string& command) override {
    std::string argument;
    std::string header = header_of(command, &argument);
    if (header.rfind("SOUR:", 0) == 0) header.erase(0, 5);
    if (header == "*IDN?") return identity_;
    if (header == "*OPC?") return "1";
    if (header == "SYST:ERR?") return error_text();
    if (header == "SYST:REMOTE" || header == "SYST:LOCAL" || header == "*CLS") return {};
    if (words_.selects && header == "INST:NSEL") return select(argument, command);
    if (header == "MEAS:VOLT?") return figure(measured_v());
    if (header == "MEAS:CURR?") return figure(measured_a());
    if (words_.measure_power != nullptr && header == words_.measure_power)
      return figure(measured_v() * measured_a());
    return set_or_ask(header, argument, command);
  }

 protected:
  std::string figure(double value) const { return fmt::format("{:.{}f}", value, words_.digits); }
  virtual std::string other(const std::string&, const std::string& command) { return refuse(command); }

 private:
  std::string select(const std::string& argument, const std::string& command) {
    constexpr int kOutputs = 3;
    const int number = std::atoi(argument.c_str());
    if (number < 1 || number > kOutputs) return refuse(command);
    selected_ = static_cast<std::size_t>(number) - 1;
    return {};
  }

  std::string set_or_ask(const std::string& header, const std::string& argument, const std::string& command) {
    if (header == "VOLT?") return figure(output().volts);
    if (header == "CURR?") return figure(output().limit_a);
    if (header == std::string(words_.output) + "?") return output().on ? words_.on : words_.off;
    if (header == "VOLT") {
      output().volts = std::atof(argument.c_str());
    } else if (header == "CURR") {
      output().limit_a = std::atof(argument.c_str());
    } else if (header == words_.output) {
      switch_output(is_on_word(argument));
    } else {
      return other(header, command);
    }
    return {};
  }

  Words words_;
};

class RigolDp832 final : public ScpiSupply {
 public:
  RigolDp832()
      : ScpiSupply(
            {"RIGOL TECHNOLOGIES,DP832,DP8A000001,00.01.16", "MEAS:POWE?", "OUTP", "ON", "OFF", 4, true}) {}

 protected:
  // What libsigrok asks besides.
  std::string other(const std::string& header, const std::string& command) override {
    static const std::map<std::string, std::string> kAnswers = {
        {"SYST:BEEP:STAT?", "ON"}, {"OUTP:MODE?", "CV"}, {"OUTP:OVP?", "OFF"},     {"OUTP:OVP:QUES?", "NO"},
        {"OUTP:OVP:VAL?", "33.0"}, {"OUTP:OCP?", "OFF"}, {"OUTP:OCP:QUES?", "NO"}, {"OUTP:OCP:VAL?", "3.3"},
        {"SYST:OTP?", "ON"},       {"OUTP:OCP:VAL", ""}, {"OUTP:OVP:VAL", ""},     {"SYST:BEEP:STAT", ""}};
    const auto found = kAnswers.find(header);
    return found == kAnswers.end() ? refuse(command) : found->second;
  }
};

class KeysightDmm final : public TextInstrument {
 public:
  KeysightDmm() {
    identity_ = "Keysight Technologies,34465A,MY57501234,A.03.01-02.40-03.01-00.52-03-01";
    // It sits in the supply's lead, and cannot switch it.
    output() = {3.3, 3, true};
  }
  std::string hear(const std::string& command) override {
    std::string argument;
    const std::string header = header_of(command, &argument);
    if (header == "*IDN?") return identity_;
    if (header == "*OPC?") return "1";
    if (header == "SYST:ERR?") return error_text();
    if (header == "CONF?") return R"("CURR +1.0E+00,+1.0E-06")";
    if (header == "READ?" || header == "MEAS:CURR:DC?") return fmt::format("{:+.8E}", measured_a());
    if (header == "CONF:CURR:DC" || header == "SENS:CURR:DC:NPLC" || header == "ABORT" || header == "INIT")
      return {};
    return refuse(command);
  }
};

// Nothing ends its commands or answers, and it loses a command that follows the last one too soon.
class KoradKa3005p final : public TextInstrument {
 public:
  KoradKa3005p() { identity_ = std::string("KORADKA3005PV2.0") + '\x01'; }
  std::string line_end() const override { return {}; }
  int rest_ms() const override { return 50; }

  std::string next_command(std::string* received) override {
    static const std::vector<std::string> kWhole = {"*IDN?",  "VOUT1?",  "IOUT1?", "VSET1?",
                                                    "ISET1?", "STATUS?", "OUT1",   "OUT0"};
    constexpr std::size_t kSettingBytes = 11;  // "VSET1:05.00"
    constexpr std::size_t kLongest = 16;
    for (const std::string& word : kWhole) {
      if (received->rfind(word, 0) == 0) return take(received, word.size());
    }
    const bool sets = received->rfind("VSET1:", 0) == 0 || received->rfind("ISET1:", 0) == 0;
    if (sets && received->size() >= kSettingBytes) return take(received, kSettingBytes);
    if (received->size() > kLongest) received->clear();
    return {};
  }

  std::string hear(const std::string& command) override {
    if (command == "*IDN?") return identity_;
    if (command == "VOUT1?") return fmt::format("{:05.2f}", measured_v());
    if (command == "IOUT1?") return fmt::format("{:05.3f}", measured_a());
    if (command == "VSET1?") return fmt::format("{:05.2f}", output().volts);
    // Some send a sixth byte that means nothing.
    if (command == "ISET1?") return fmt::format("{:05.3f}K", output().limit_a);
    if (command == "STATUS?") return std::string(1, static_cast<char>(output().on ? 0x51 : 0x11));
    if (command.rfind("VSET1:", 0) == 0) output().volts = std::atof(command.c_str() + 6);
    if (command.rfind("ISET1:", 0) == 0) output().limit_a = std::atof(command.c_str() + 6);
    if (command.rfind("OUT", 0) == 0) switch_output(command == "OUT1");
    return {};
  }

 private:
  static std::string take(std::string* received, std::size_t size) {
    std::string command = received->substr(0, size);
    received->erase(0, size);
    return command;
  }
};

using Maker = std::function<std::unique_ptr<TextInstrument>()>;

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> kMakers = {
      {"rigol-dp832", [] { return std::make_unique<RigolDp832>(); }},
      {"hmc8043",
       [] {
         return std::make_unique<ScpiSupply>(ScpiSupply::Words{
             "Rohde&Schwarz,HMC8043,100045,HW50020003,SW1.500", nullptr, "OUTP", "1", "0", 4, true});
       }},
      {"hp-6632b",
       [] {
         return std::make_unique<ScpiSupply>(ScpiSupply::Words{"HEWLETT-PACKARD,6632B,US36420123,A.03.01",
                                                               nullptr, "OUTP:STAT", "1", "0", 6, false});
       }},
      {"keysight-34465a", [] { return std::make_unique<KeysightDmm>(); }},
      {"korad-ka3005p", [] { return std::make_unique<KoradKa3005p>(); }},
  };
  return kMakers;
}

}  // namespace

Result<TextLoad> parse_text_load(const std::string& text) {
  char* unit = nullptr;
  const double value = std::strtod(text.c_str(), &unit);
  const std::map<std::string, double> amperes = {{"A", 1}, {"mA", 1e-3}, {"uA", 1e-6}};
  if (const auto found = amperes.find(unit); found != amperes.end() && value >= 0)
    return TextLoad{value * found->second, 0};
  if (std::string(unit) == "ohm" && value > 0) return TextLoad{0, value};
  return fail(ErrorCode::kBadInput,
              fmt::format("a load is a current or a resistor, such as 12mA or 100ohm; found '{}'", text));
}

std::string TextInstrument::next_command(std::string* received) {
  const std::size_t end = received->find('\n');
  if (end == std::string::npos) return {};
  std::string command = received->substr(0, end);
  received->erase(0, end + 1);
  while (!command.empty() && (command.back() == '\r' || command.back() == ' ')) command.pop_back();
  // An empty line is no command, and none is taken for "not whole yet".
  return command.empty() ? " " : command;
}

void TextInstrument::switch_output(bool on) {
  if (!stuck_) output().on = on;
}

// In constant current the voltage gives way.
double TextInstrument::measured_a() const {
  const Output& out = outputs_.at(selected_);
  if (!out.on) return 0;
  return std::min(load_.ohms > 0 ? out.volts / load_.ohms : load_.amperes, out.limit_a);
}

double TextInstrument::measured_v() const {
  const Output& out = outputs_.at(selected_);
  if (!out.on) return 0;
  return load_.ohms > 0 ? std::min(out.volts, out.limit_a * load_.ohms) : out.volts;
}

std::string TextInstrument::error_text() {
  if (errors_.empty()) return "0,\"No error\"";
  std::string text = errors_.front();
  errors_.pop_front();
  return text;
}

std::string TextInstrument::refuse(const std::string& command) {
  constexpr std::size_t kMostErrors = 20;
  if (command != " " && errors_.size() < kMostErrors)
    errors_.push_back(fmt::format("-113,\"Undefined header; {}\"", command));
  return {};
}

std::string TextInstrument::state() const {
  const Output& out = outputs_.at(selected_);
  return fmt::format("{} {:.4f} V, limit {:.4f} A, {:.4f} A", out.on ? "on" : "off", out.volts, out.limit_a,
                     measured_a());
}

std::vector<std::string> text_instrument_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

Result<std::unique_ptr<TextInstrument>> make_text_instrument(const std::string& name) {
  const auto found = makers().find(name);
  if (found != makers().end()) return found->second();
  return fail(ErrorCode::kBadInput, base::unknown_name("instrument", name, text_instrument_names()));
}

}  // namespace slmrig::rigsim
