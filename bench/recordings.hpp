// What a trace of a replay leaves behind, for the benchmarks of what reads and writes it.
#pragma once

#include "model/recording.hpp"
#include "synthetic.hpp"

namespace ior::bench {

Recording recording_of(Mix mix);

}  // namespace ior::bench
