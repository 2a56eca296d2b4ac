// Collapsed stacks, `frame;frame weight` per line: what flamegraph.pl and speedscope read. Pure,
// usable from any thread.
#pragma once

#include <ostream>
#include <span>

#include "model/fields.hpp"
#include "model/recording.hpp"

namespace ior {

// One line per different stack, sorted; the weights add up to the recording's. A stack of weight 0
// has no line. A path is one frame per component, where it is absolute. Calls and their times are
// in the stack of the file that is written to, or the new name; what was read from a second file is
// in that one's, which ends its path with the frame "[as source]". Frames are escaped
// (base/escape.hpp), `;` as well; of `exact` ones only what would make them other frames. Whether
// writing worked, the stream knows. Requires: `fields` is not empty,
// check_recording took the recording.
void write_collapsed(const Recording& recording, std::span<const Field> fields, Weight weight,
                     std::ostream& out, bool exact = false);

}  // namespace ior
