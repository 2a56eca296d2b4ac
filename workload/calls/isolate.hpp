// What an exercise does to its own process, so that the machine around it stays as it was. Each
// throws SyscallError where it fails.
#pragma once

namespace ioworkload {

// A mount namespace of this process alone, in which mounts stay.
void leave_mounts_alone();

// An IPC namespace of its own: what is in it goes with the process.
void leave_ipc_alone();

// A name of the host of its own.
void leave_host_name_alone();

// No fd can be opened any more.
void allow_no_fds();

// Neither root nor its capabilities any more.
void become_nobody();

}  // namespace ioworkload
