/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Linux's flags in the portable values that events have, which do not depend on the architecture. Sets that have the same
 * bits in both are only cut to the bits that are known.
 */
#pragma once

#include "kernel.h"

/* One bit to another, without a branch: both are constants. */
#define RATIO(a, b) ((a) / (b) ? (a) / (b) : 1)
#define MOVE(v, from, to) (((u32)(v) & (u32)(from)) / RATIO(from, to) * RATIO(to, from))
/* Some bits, all of which must be there, to one. */
#define WHEN(v, from, to) (((v) & (from)) == (from) ? (to) : 0)

#if defined(__TARGET_ARCH_arm64)
#define O_DIRECTORY 040000
#define O_DIRECT 0200000
#define O_LARGEFILE 0400000
#else
#define O_DIRECT 040000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#endif
#define O_CREAT 0100
#define O_TMPFILE (020000000 | O_DIRECTORY)

enum portable_open {
	OPEN_CREAT = 1 << 2,
	OPEN_APPEND = 1 << 3,
	OPEN_DSYNC = 1 << 4,
	OPEN_EXCL = 1 << 5,
	OPEN_NONBLOCK = 1 << 6,
	OPEN_SYNC = 1 << 7,
	OPEN_TRUNC = 1 << 8,
	OPEN_DIRECT = 1 << 9,
	OPEN_DIRECTORY = 1 << 10,
	OPEN_LARGEFILE = 1 << 11,
	OPEN_CLOEXEC = 1 << 12,
	OPEN_TMPFILE = 1 << 13,
	OPEN_CREATED = 1 << 14,
	OPEN_UPPER_LAYER = 1 << 15,
	OPEN_LOWER_LAYER = 1 << 16,
};

INLINE u32 open_flags(u64 f)
{
	/* The access mode is a number; portable flags have a bit for reading and one for writing. */
	u32 access = f & 3, v = access == 3 ? 0 : access + 1;

	v |= MOVE(f, O_CREAT, OPEN_CREAT) | MOVE(f, 0200, OPEN_EXCL) | MOVE(f, 01000, OPEN_TRUNC);
	v |= MOVE(f, 02000, OPEN_APPEND) | MOVE(f, 04000, OPEN_NONBLOCK) | MOVE(f, 010000, OPEN_DSYNC);
	v |= WHEN(f, 04010000, OPEN_SYNC) | MOVE(f, O_DIRECT, OPEN_DIRECT) | MOVE(f, O_LARGEFILE, OPEN_LARGEFILE);
	v |= MOVE(f, O_DIRECTORY, OPEN_DIRECTORY) | MOVE(f, 02000000, OPEN_CLOEXEC);
	v |= WHEN(f, O_TMPFILE, OPEN_TMPFILE);
	return v;
}

/* The mode of a file that is made; nothing if none is. */
INLINE u32 open_mode(u64 flags, u32 mode)
{
	return flags & (O_CREAT | O_TMPFILE) ? mode & 07777 : 0;
}

/* SOCK_*, EFD_*, TFD_*, SFD_*, IN_* and pipe2's. */
INLINE u32 descriptor_flags(u32 f)
{
	return MOVE(f, 02000000, OPEN_CLOEXEC) | MOVE(f, 04000, OPEN_NONBLOCK);
}

INLINE u32 resolve_flags(u32 f)
{
	return MOVE(f, 1, 1 << 4) | MOVE(f, 2, 1 << 2) | MOVE(f, 4, 1 << 3) | MOVE(f, 8, 1) | MOVE(f, 16, 2) | (f & 32);
}

INLINE u32 clone_flags(u64 f)
{
	u32 v = 0;

	v |= MOVE(f, 0x400, 1 << 0) | MOVE(f, 0x200, 1 << 1) | MOVE(f, 0x80000000u, 1 << 2); /* FILES, FS, IO */
	v |= MOVE(f, 0x08000000, 1 << 3) | MOVE(f, 0x40000000, 1 << 4);                    /* NEWIPC, NEWNET */
	v |= MOVE(f, 0x00020000, 1 << 5) | MOVE(f, 0x20000000, 1 << 6);                    /* NEWNS, NEWPID */
	v |= MOVE(f, 0x04000000, 1 << 7) | MOVE(f, 0x8000, 1 << 8);                        /* NEWUTS, PARENT */
	v |= MOVE(f, 0x00100000, 1 << 9) | MOVE(f, 0x2000, 1 << 10);                       /* PARENT_SETTID, PTRACE */
	v |= MOVE(f, 0x800, 1 << 11) | MOVE(f, 0x40000, 1 << 12) | MOVE(f, 0x10000, 1 << 13); /* SIGHAND, SYSVSEM, THREAD */
	v |= MOVE(f, 0x00800000, 1 << 14) | MOVE(f, 0x100, 1 << 15);                       /* UNTRACED, VM */
	v |= MOVE(f, 0x10000000, 1 << 20) | MOVE(f, 0x00200000, 1 << 23);                  /* NEWUSER, CHILD_CLEARTID */
	v |= MOVE(f, 0x01000000, 1 << 24) | MOVE(f, 0x00080000, 1 << 25);                  /* CHILD_SETTID, SETTLS */
	v |= MOVE(f, 0x4000, 1 << 27) | MOVE(f, 0x02000000, 1 << 28);                      /* VFORK, NEWCGROUP */
	return v;
}
#define CLONE_CHILD_IN_PIDNS (1u << 29)

INLINE u32 prot_flags(u32 f)
{
	return (f & 15) | MOVE(f, 0x01000000, 1 << 4) | MOVE(f, 0x02000000, 1 << 5);
}

INLINE u32 mmap_flags(u32 f)
{
	return (f & 3) | MOVE(f, 0x10, 1 << 2) | MOVE(f, 0x20, 1 << 3) | MOVE(f, 0x40, 1 << 4) | MOVE(f, 0x4000, 1 << 6) |
	       MOVE(f, 0x8000, 1 << 7) | MOVE(f, 0x10000, 1 << 8) | MOVE(f, 0x100, 1 << 9) | MOVE(f, 0x800, 1 << 10) |
	       MOVE(f, 0x1000, 1 << 11) | MOVE(f, 0x2000, 1 << 14);
}

INLINE u8 fcntl_command(u32 command)
{
	u64 c = command;

	/* By Linux's number; 0 is unknown. */
	static const u8 low[] = {1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 15, 0, 0, 0, 21, 22};
	static const u8 lease[] = {23, 24, 27, 0, 0, 25, 26, 28, 29};

	opaque(c);
	if (c < sizeof(low))
		return low[c];
	if (c >= 36 && c <= 38)
		return 30 + (c - 36);
	c -= 1024;
	opaque(c);
	return c < sizeof(lease) ? lease[c] : 0;
}

INLINE u16 ptrace_request(u64 r)
{
	static const u8 low[] = {1,  2,  3,  4,  5, 6,  7, 8, 9, 10, 0, 0, 26, 27, 28, 29, 11, 12, 30, 31,
				 0,  32, 0,  0,  13, 33, 34, 0, 0, 0,  35, 36, 37, 38};

	opaque(r);
	if (r < sizeof(low))
		return low[r];
	r -= 0x4200;
	return r < 12 ? 14 + r : 0;
}

INLINE u16 poll_events(u16 e)
{
	return (e & 7) | MOVE(e, 8, 1 << 4) | MOVE(e, 0x10, 1 << 5) | MOVE(e, 0x20, 1 << 6) | MOVE(e, 0x40, 1 << 7) |
	       MOVE(e, 0x80, 1 << 8) | MOVE(e, 0x100, 1 << 9) | MOVE(e, 0x200, 1 << 10) | MOVE(e, 0x2000, 1 << 3);
}

INLINE u8 sockopt_level(u32 level)
{
	return level == 1 ? 1 : level == 6 ? 2 : 0;
}

INLINE u8 sockopt_name(u32 level, u32 name)
{
	if (level != 1)
		return 0;
	if (name >= 1 && name <= 50)
		return name;
	switch (name) {
	case 55: return 52; /* SO_MEMINFO */
	case 57: return 53; /* SO_COOKIE */
	case 59: return 51; /* SO_PEERGROUPS */
	case 63: return 29; /* SO_TIMESTAMP_NEW */
	case 64: return 35; /* SO_TIMESTAMPNS_NEW */
	case 65: return 37; /* SO_TIMESTAMPING_NEW */
	case 66: return 20; /* SO_RCVTIMEO_NEW */
	case 67: return 21; /* SO_SNDTIMEO_NEW */
	}
	return 0;
}

INLINE u16 semctl_command(u32 c)
{
	switch (c) {
	case 0: return 1 << 2;
	case 1: return 1 << 1;
	case 2: return 1 << 0;
	case 3: return 1 << 3;
	case 11: return 1 << 8;
	case 12: return 1 << 9;
	case 13: return 1 << 6;
	case 14: return 1 << 7;
	case 15: return 1 << 10;
	case 16: return 1 << 12;
	case 17: return 1 << 11;
	case 18: return 1 << 5;
	case 19: return 1 << 4;
	}
	return 0;
}

INLINE u32 page_fault_flags(u64 code)
{
	return (code & 1 ? 1 : 2) | (code & 2 ? 4 : 8) | (code & 4 ? 16 : 32) | (code & 8 ? 64 : 0) | (code & 16 ? 128 : 0);
}
