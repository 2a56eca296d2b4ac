/* The records that the kernel side writes into its rings and user space reads: one layout, shared
 * by both. Every record starts with ior_head, is a multiple of 8 bytes long and in the machine's
 * byte order; `?` = present when its bit in head.sections is set; a text is an ior_text, its bytes,
 * and padding to 8.
 */
/* clang-format off
 *
 *   ENTER    head | args[n] | file? other? | intro? | text? text2?
 *            the enter half of a call that carries paths
 *   EXIT     head | exit | args[n] | file? other? | intro? | text? text2? | name text ? | address?
 *            the exit half; with IOR_WHOLE also its enter half: of a call without paths, or with
 *            paths that could not be read at enter
 *   NAME     head | name | text
 *            what name_id of this ring means from here on
 *   PROCESS  head | process | text executable, text cmdline, text cgroup
 *            a process, before its first call and after exec
 *   END      head
 *            the thread is gone; seq is its last call's
 *   IN_FLIGHT  as EXIT, without the part of the name
 *            a call that has not ended when tracing does, at time_ns; the return is 1 where the
 *            call is older than the trace, which began at enter_ns
 *
 * clang-format on */
/* Order: both halves of a call go to the rings of the CPU on which the call entered, the enter half
 * first; a name goes to the ring of its CPU before the first record that refers to it, and only
 * records of that CPU's rings refer to it. Calls of one task may lie in several rings: seq orders
 * them. It counts the calls of which something was written, so that it has no gaps: a call that was
 * lost as a whole is told by the next record of the task (IOR_AFTER_LOSS). */
#ifndef IOR_BPF_WIRE_H
#define IOR_BPF_WIRE_H

#include "catalog/catalog.h"

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum ior_record_kind {
  IOR_RECORD_ENTER = 1,
  IOR_RECORD_EXIT = 2,
  IOR_RECORD_NAME = 3,
  IOR_RECORD_PROCESS = 4,
  IOR_RECORD_END = 5,
  IOR_RECORD_IN_FLIGHT = 6,
};

/* Bits of ior_head.sections. */
enum ior_section {
  IOR_FILE = 1 << 0,  /* ior_file of the row's path; with IOR_TEXT, the directory it starts from */
  IOR_OTHER = 1 << 1, /* the same for the row's old path */
  IOR_INTRO = 1 << 2, /* ior_intro: holds for this call and the thread's later ones */
  IOR_TEXT = 1 << 3,  /* the path as passed */
  IOR_TEXT_OTHER = 1 << 4, /* the old path as passed */
  IOR_TEXT_NAME = 1 << 5,  /* EXIT: the text is the name of `file`, which then has no name_id */
  IOR_WHOLE = 1 << 6,      /* EXIT: there was no ENTER record; the enter half is in here */
  IOR_NO_RETURN = 1 << 7,  /* EXIT: written at enter, for the call never returns;
                              END: the exit half of the last call will not come */
  IOR_COMPAT = 1 << 8,     /* a 32-bit call: nr counts in the i386 table */
  IOR_AFTER_LOSS =
      1 << 9, /* between this call of the task and the one before, something was lost */
  IOR_EXIT_LOST = 1 << 10, /* the exit half of the task's call before this one was lost */
  IOR_REQUEST = 1 << 11,   /* an io_uring request: nr is its operation; task is its own, and ends
                              with its EXIT */
  IOR_AIO = 1 << 12,       /* with IOR_REQUEST: of Linux AIO, nr is its operation */
  IOR_AT_MOST = 1 << 13,   /* EXIT: the time is an upper bound of when the call ended */
  IOR_ADDRESS = 1 << 15,   /* EXIT: the socket address as passed, a text */
  IOR_SECTIONS_ALL = ((1 << 14) - 1) | IOR_ADDRESS,
};

enum {
  IOR_NR_WIDE = 0xffff,
  IOR_COMM_SIZE = 16,
  IOR_ARGS_MAX = 6,
  IOR_TEXT_MAX = 4096,
  IOR_CGROUP_MAX = 1024,
  IOR_ADDRESS_MAX = 128 /* sizeof(struct sockaddr_storage) */
};

struct ior_head {
  __u8 kind;
  __u8 nargs;
  __u16 sections;
  __u16 cpu;  /* whose ring this is */
  __u16 nr;   /* IOR_NR_WIDE: does not fit, the first argument is the number */
  __u32 task; /* unique among all tasks of a trace, thread ids are not */
  __u32 seq;  /* the task's written calls count from 1 */
  __u32 tgid;
  __u32 tid;
  __u64 time_ns; /* boot clock: of the enter (ENTER) or the exit (EXIT), else of the record */
};

struct ior_exit {
  __u64 enter_ns;
  __s64 ret;
};

enum ior_file_status {
  IOR_FILE_NAMED = 0,      /* name_id says which */
  IOR_FILE_CLOSED = 1,     /* the fd was not open */
  IOR_FILE_NO_NAME = 2,    /* open, but the name could not be sent: counted */
  IOR_FILE_INLINE = 3,     /* the name is the record's text */
  IOR_FILE_LATER = 4,      /* of a request: to be looked up later, unseen */
  IOR_FILE_BUSY = 5,       /* of memory: its address space was being changed */
  IOR_FILE_IN_CHANGE = 6,  /* open, but its name was being changed: counted */
  IOR_FILE_OF_SEVERAL = 7, /* of a request: the completion may be of any of several */
};

/* An open file, or a directory that a path starts from, as the kernel's own table had it. */
struct ior_file {
  __u32 name_id;
  __s32 fd;      /* -1: not from an fd (the working directory) */
  __u32 f_flags; /* of the open file, access mode included */
  __u32 status;
};

struct ior_intro {
  __u64 process_start_ns; /* boot clock; with tgid the process's identity */
  char comm[IOR_COMM_SIZE];
  __u32 root; /* number of the root that the thread's paths start from: see ior_roots */
  __u32 reserved;
};

enum ior_text_status {
  IOR_TEXT_OK = 0,
  IOR_TEXT_NULL = 1,        /* the pointer was null */
  IOR_TEXT_FAULT = 2,       /* not readable at exit, either */
  IOR_TEXT_TOO_LONG = 3,    /* does not fit IOR_TEXT_MAX: the bytes are the part that does */
  IOR_TEXT_UNREAD = 4,      /* the kernel read it no more than ior: its page is not resident */
  IOR_TEXT_OVERWRITTEN = 5, /* read after the call, which had written over it */
};

struct ior_text {
  __u16 size; /* bytes that follow, without padding; no terminating zero */
  __u16 status;
  __u32 link; /* of a path: so many bytes at its front are a link (links.bpf.h) to the record's
                 file, from which the rest starts */
};

/* What kind of name a NAME record's text is. */
enum ior_name_kind {
  IOR_NAME_PATH = 0,     /* absolute, from ior_name.root */
  IOR_NAME_DELETED = 1,  /* the same, of an unlinked file */
  IOR_NAME_PSEUDO = 2,   /* no path: the text is "file system type:dentry name" */
  IOR_NAME_TOO_LONG = 3, /* longer than IOR_TEXT_MAX: the bytes are its end */
  IOR_NAME_SOCKET = 4,   /* the text is an ior_socket and, of a unix socket, its path */
};

#define IOR_UNIX_PATH_MAX 108

/* What a socket is at the moment. All zero: it has no address of that kind. */
struct ior_socket {
  __u16 family; /* AF_INET, ... */
  __u16 type;   /* SOCK_STREAM, ... */
  __u16 port;
  __u16 peer_port;   /* in network byte order */
  __u8 is_peer_path; /* the path is the peer's: this end is not bound */
  __u8 reserved[7];
  __u8 address[16]; /* of an AF_INET socket the first 4 bytes */
  __u8 peer_address[16];
};

struct ior_name {
  __u32 name_id; /* counts up per CPU, by IOR_NAME_NUMBERS: good until IOR_NAME_WINDOW newer ones */
  __u16 name_kind;
  __u16 root; /* of a path: number of the root that it starts from, see ior_roots */
  __u64 inode;
};

#define IOR_NAME_WINDOW 65536u

/* How many numbers a name takes: one, and one more for each 256 bytes of its text. So the window
 * bounds the bytes of the names that are good, too: 16 MiB. */
#define IOR_NAME_NUMBERS(size) (1 + (size) / 256)

/* What kind of root a number stands for. */
enum ior_root_kind {
  IOR_ROOT_PATH = 1,      /* a directory that ior can see: the text is its path */
  IOR_ROOT_NAMESPACE = 2, /* of another mount namespace: the text is the path from its top */
  IOR_ROOT_MOUNT = 3,     /* of a mount that is in no namespace (any more): likewise */
};

/* A directory from which absolute paths start: a process's root, or the top of a mount namespace
 * where a file is not below that. */
struct ior_root {
  __u32 id;   /* of the namespace (its inode number) or of the mount */
  __u32 text; /* where in the texts its path begins; one of the top itself is empty */
  __u16 size; /* of the path */
  __u8 kind;
  __u8 is_deleted;
};

enum { IOR_ROOT_OWN = 0, IOR_ROOT_UNKNOWN = 0xffff };

#define IOR_ROOTS_MAX 16384
#define IOR_ROOT_TEXTS_MAX (1 << 20)

/* The roots by number, in memory that user space shares: a number never changes its meaning, and
 * stands here before any record has it. Number 0 is ior's own root. */
struct ior_roots {
  __u32 count; /* of the numbers that were given */
  __u32 text_bytes;
  struct ior_root roots[IOR_ROOTS_MAX];
  char texts[IOR_ROOT_TEXTS_MAX];
};

struct ior_process {
  __u64 start_ns;
  __u32 ppid;
  __u32 uid;
  __u64 mount_namespace;
};

/* What came of a row's calls that ended on a CPU while they were traced, whether or not their
 * records found room. */
struct ior_total {
  __u64 calls;
  __u64 errors;
  __u64 bytes;       /* moved by them */
  __u64 either_read; /* of those of a row that counts `either`: read */
};

#define IOR_SEGMENTS_MAX 512

/* A CPU's own ring, in memory that the kernel and user space share. Only probes on that CPU write
 * to it, one at a time, so a record is there once `produced` says so, and needs no lock. Positions
 * count bytes from the start of the trace. They run through segments, whose order in memory
 * changes: segment number n, modulo their count, lies in place `places[n]` of `data`, and each
 * place has IOR_RING_SPARE bytes more. Each record has an 8-byte header {u32 size, u32 0} and lies
 * in one piece: the last one that begins in a segment may run on behind it. */
struct ior_ring {
  __u64 produced;
  __u64 writable_until; /* the kernel side's: what `consumed` allowed when it was last looked at */
  __u64 segment_end;    /* the kernel side's, of the segment in work: the position behind it */
  __u64 segment_at;     /* and where in `data` it begins */
  __u16 places[IOR_SEGMENTS_MAX];
  __u8 reserved[4096 - 32 - 2 * IOR_SEGMENTS_MAX];
  __u64 consumed; /* the only word that user space writes while it traces */
  __u8 reserved_too[4096 - 8];
  struct ior_total totals[IOR_ROWS];
  __u8 data[];
};

#define IOR_RING_HEADER 8
#define IOR_RECORD_MAX (16384 - IOR_RING_HEADER)
#define IOR_RING_SPARE 16384

#ifdef __cplusplus
#define _Static_assert static_assert
#endif
_Static_assert(sizeof(struct ior_head) == 32, "wire layout");
_Static_assert(sizeof(struct ior_exit) == 16, "wire layout");
_Static_assert(sizeof(struct ior_file) == 16, "wire layout");
_Static_assert(sizeof(struct ior_intro) == 32, "wire layout");
_Static_assert(sizeof(struct ior_text) == 8, "wire layout");
_Static_assert(sizeof(struct ior_name) == 16, "wire layout");
_Static_assert(sizeof(struct ior_socket) == 48, "wire layout");
_Static_assert(sizeof(struct ior_process) == 24, "wire layout");
_Static_assert(sizeof(struct ior_root) == 12, "wire layout");
_Static_assert(sizeof(struct ior_roots) % 8 == 0, "wire layout");
_Static_assert(sizeof(struct ior_ring) % 4096 == 0, "wire layout");
_Static_assert(IOR_RECORD_MAX + IOR_RING_HEADER <= IOR_RING_SPARE, "wire layout");
#ifdef __cplusplus
#undef _Static_assert
#endif

#endif
