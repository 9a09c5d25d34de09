// What every pass with a power meter does: the meter and a log of its samples, spans of recording that are
// one capture, and energies that are handed on with who measured them. Inside measure; for energy_pass and
// cold_start_pass. One thread.
#pragma once

#include <functional>
#include <memory>

#include "harness/measure/energy_pass.h"
#include "harness/measure/meter_recording.h"

namespace slmrig::measure {

class PassRecorder {
 public:
  PassRecorder(rig::LiveBoard& board, const SessionInputs& inputs, const SessionContext& context,
               const EnergyMeans& means)
      : board_(board), inputs_(inputs), context_(context), means_(means) {}

  // Before all else. The error is the meter's or the disk's.
  base::Done open();

  // `work` while the meter samples; it goes on where the span before ended. The error is the meter's, the
  // disk's or that of `work`.
  base::Done record(const std::function<base::Done()>& work);
  // False: the error of record() was that of `work`, which is the board's.
  bool board_answers() const { return board_answers_; }

  // The board sleeps for so many ticks; one that cannot be told to is left alone for as long.
  base::Done idle(uint64_t ticks);

  EnergyCapture& capture() { return capture_; }
  rig::Meter& meter() { return *meter_; }

  // After the last span: keeps the samples, says who measured, and hands it to the sink.
  base::Done store(base::Energy energy);

 private:
  base::Result<std::unique_ptr<MeterRecording>> start_recording(const MeterRecording::Take& take);

  rig::LiveBoard& board_;
  const SessionInputs& inputs_;
  const SessionContext& context_;
  const EnergyMeans& means_;
  rig::Meter* meter_ = nullptr;
  std::unique_ptr<SampleLog> log_;
  EnergyCapture capture_;
  bool board_answers_ = true;
  int64_t end_ = 0;  // position behind the last sample
};

}  // namespace slmrig::measure
