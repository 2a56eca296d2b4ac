// What can be wrong with a recording's file, each with what to do about it. The texts continue
// "cannot read FILE: ".
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ior {

inline std::unexpected<Error> foreign_file(std::string_view why) {
  return fail("it is no recording of ior (" + std::string(why) +
              "): give a file that ior wrote, NAME.ior.zst");
}

inline std::unexpected<Error> truncated_file() {
  return fail("it ends before its end (truncated): copy it again or trace anew");
}

inline std::unexpected<Error> damaged_file(std::string_view why) {
  return fail("it is damaged (" + std::string(why) + "): copy it again or trace anew");
}

}  // namespace ior
