// The kernels of the block formats of one instruction set, from their products alone.
#pragma once

#include "workloads/runtime/kernels/kernels.h"
#include "workloads/runtime/kernels/plain/plain.h"

namespace slmrig::runtime {

struct BlockMultiplies {
  using Multiply = decltype(FormatKernels::multiply);
  Multiply q8_0;
  Multiply q4_0;
  Multiply iq4_nl;
  Multiply nf4;
  Multiply tq2_0;
  Multiply q2_k;
  Multiply q4_k;
  Multiply q6_k;
};

// Of the formats that are decoded to floats (decoded_rows_inl.h).
struct DecodedFormats {
  FormatKernels bf16;
  FormatKernels q4_1;
  FormatKernels q5_0;
  FormatKernels q5_1;
  FormatKernels q5_k;
};

// All read activations of one form. Rows are read by the plain kernels: once a token, for the embedding.
struct BlockSet {
  BlockSet(const BlockMultiplies& multiplies, decltype(FormatKernels::prepared_bytes) bytes,
           decltype(FormatKernels::prepare) prepare)
      : q8_0{bytes, prepare, multiplies.q8_0, plain::read_q8_row},
        q4_0{bytes, prepare, multiplies.q4_0, plain::read_q4_0_row},
        iq4_nl{bytes, prepare, multiplies.iq4_nl, plain::read_iq4_nl_row},
        nf4{bytes, prepare, multiplies.nf4, plain::read_nf4_row},
        tq2_0{bytes, prepare, multiplies.tq2_0, plain::read_tq2_0_row},
        q2_k{bytes, prepare, multiplies.q2_k, plain::read_q2_k_row},
        q4_k{bytes, prepare, multiplies.q4_k, plain::read_q4_k_row},
        q6_k{bytes, prepare, multiplies.q6_k, plain::read_q6_k_row} {}

  FormatKernels q8_0;
  FormatKernels q4_0;
  FormatKernels iq4_nl;
  FormatKernels nf4;
  FormatKernels tq2_0;
  FormatKernels q2_k;
  FormatKernels q4_k;
  FormatKernels q6_k;
};

}  // namespace slmrig::runtime
