// The end of ior where it cannot go on: memory ran out, or a thread could not be made, in a place
// that cannot hand on an error. A message instead of an abort. Nothing is left behind: the kernel
// takes the probes, and a recording that is not complete has no name.
#pragma once

namespace ior {

// For every thread, from now on. The exit status is 2 until calls are traced.
void say_why_it_ends();
// From now on it is 1.
void note_tracing_began();

}  // namespace ior
