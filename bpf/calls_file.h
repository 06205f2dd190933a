/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* System calls on files and on what has a descriptor: opening, naming, changing, reading and writing. */
#pragma once

#include "file.h"

INLINE void put_opened_tail(struct out *o, struct opened *f)
{
	put_u32(o, f->dev);
	put_u64(o, f->ino);
}

EXIT(open, OPEN_X)
{
	struct opened f;
	u32 flags = UINT(1);

	look_at(&f, c->task, RET);
	res(o);
	text(o, 0);
	put_u32(o, open_flags(flags) | f.flags);
	put_u32(o, open_mode(flags, UINT(2)));
	put_opened_tail(o, &f);
}

EXIT(openat, OPENAT_2_X)
{
	struct opened f;
	u32 flags = UINT(2);

	look_at(&f, c->task, RET);
	res(o);
	fd(o, 0);
	text(o, 1);
	put_u32(o, open_flags(flags) | f.flags);
	put_u32(o, open_mode(flags, UINT(3)));
	put_opened_tail(o, &f);
}

struct open_how {
	u64 flags;
	u64 mode;
	u64 resolve;
};

EXIT(openat2, OPENAT2_X)
{
	struct open_how how = {};
	struct opened f;

	bpf_probe_read_user(&how, sizeof(how), (void *)ARG(2));
	look_at(&f, c->task, RET);
	res(o);
	fd(o, 0);
	text(o, 1);
	put_u32(o, open_flags(how.flags) | f.flags);
	put_u32(o, open_mode(how.flags, how.mode));
	put_u32(o, resolve_flags(how.resolve));
	put_opened_tail(o, &f);
}

EXIT(creat, CREAT_X)
{
	struct opened f;

	look_at(&f, c->task, RET);
	res(o);
	text(o, 0);
	put_u32(o, open_mode(O_CREAT, UINT(1)));
	put_opened_tail(o, &f);
	put_u16(o, MOVE(f.flags, OPEN_UPPER_LAYER, 1) | MOVE(f.flags, OPEN_LOWER_LAYER, 2));
}

EXIT(open_by_handle_at, OPEN_BY_HANDLE_AT_X)
{
	struct opened f;

	look_at(&f, c->task, RET);
	res(o);
	fd(o, 0);
	put_u32(o, open_flags(UINT(2)) | f.flags);
	put_path(o, RET > 0 ? file_of(c->task, RET) : NULL);
	put_opened_tail(o, &f);
}

EXIT(close, CLOSE_X) { res(o); fd(o, 0); }
EXIT(close_range, CLOSE_RANGE_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); put_u32(o, UINT(2) & 6); }
EXIT(dup, DUP_1_X) { put_s64(o, (s32)RET); fd(o, 0); }
EXIT(dup2, DUP2_X) { put_s64(o, (s32)RET); fd(o, 0); fd(o, 1); }
EXIT(dup3, DUP3_X) { put_s64(o, (s32)RET); fd(o, 0); fd(o, 1); put_u32(o, descriptor_flags(UINT(2))); }
EXIT(fcntl, FCNTL_X) { res(o); fd(o, 0); put_u8(o, fcntl_command(UINT(1))); put_u64(o, ARG(2)); }
EXIT(ioctl, IOCTL_3_X) { res(o); fd(o, 0); put_u64(o, ARG(1)); put_u64(o, ARG(2)); }
EXIT(flock, FLOCK_X) { res(o); fd(o, 0); put_u32(o, UINT(1) & 15); }
EXIT(lseek, LSEEK_X) { res(o); fd(o, 0); put_u64(o, ARG(1)); put_u8(o, ARG(2) < 3 ? ARG(2) : 0); }
EXIT(newfstat, FSTAT_X) { res(o); fd(o, 0); }
EXIT(getdents, GETDENTS_X) { res(o); fd(o, 0); }
EXIT(getdents64, GETDENTS64_X) { res(o); fd(o, 0); }
EXIT(fchdir, FCHDIR_X) { res(o); fd(o, 0); }

EXIT(newstat, STAT_X) { res(o); text(o, 0); }
EXIT(newlstat, LSTAT_X) { res(o); text(o, 0); }
EXIT(newfstatat, NEWFSTATAT_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(3) & 0x1900); }
EXIT(access, ACCESS_X) { res(o); text(o, 0); put_u32(o, UINT(1) & 7); }
EXIT(chdir, CHDIR_X) { res(o); text(o, 0); }
EXIT(chroot, CHROOT_X) { res(o); text(o, 0); }
EXIT(getcwd, GETCWD_X)
{
	res(o);
	if (RET >= 0)
		text(o, 0);
	else
		put_nothing(o);
}

EXIT(mkdir, MKDIR_2_X) { res(o); text(o, 0); put_u32(o, UINT(1)); }
EXIT(mkdirat, MKDIRAT_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(2)); }
EXIT(rmdir, RMDIR_2_X) { res(o); text(o, 0); }
EXIT(unlink, UNLINK_2_X) { res(o); text(o, 0); }
EXIT(unlinkat, UNLINKAT_2_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(2) & 0x200); }
EXIT(rename, RENAME_X) { res(o); text(o, 0); text(o, 1); }
EXIT(renameat, RENAMEAT_X) { res(o); fd(o, 0); text(o, 1); fd(o, 2); text(o, 3); }
EXIT(renameat2, RENAMEAT2_X) { res(o); fd(o, 0); text(o, 1); fd(o, 2); text(o, 3); put_u32(o, UINT(4)); }
EXIT(link, LINK_2_X) { res(o); text(o, 0); text(o, 1); }
EXIT(linkat, LINKAT_2_X) { res(o); fd(o, 0); text(o, 1); fd(o, 2); text(o, 3); put_u32(o, UINT(4) & 0x1400); }
EXIT(symlink, SYMLINK_X) { res(o); text(o, 0); text(o, 1); }
EXIT(symlinkat, SYMLINKAT_X) { res(o); text(o, 0); fd(o, 1); text(o, 2); }
EXIT(mknod, MKNOD_X) { res(o); text(o, 0); put_u32(o, UINT(1) & 0177777); put_u32(o, device(UINT(2))); }
EXIT(mknodat, MKNODAT_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(2) & 0177777); put_u32(o, device(UINT(3))); }
EXIT(chmod, CHMOD_X) { res(o); text(o, 0); put_u32(o, UINT(1) & 07777); }
EXIT(fchmod, FCHMOD_X) { res(o); fd(o, 0); put_u32(o, UINT(1) & 07777); }
EXIT(fchmodat, FCHMODAT_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(2) & 07777); }
EXIT(chown, CHOWN_X) { res(o); text(o, 0); put_u32(o, UINT(1)); put_u32(o, UINT(2)); }
EXIT(lchown, LCHOWN_X) { res(o); text(o, 0); put_u32(o, UINT(1)); put_u32(o, UINT(2)); }
EXIT(fchown, FCHOWN_X) { res(o); fd(o, 0); put_u32(o, UINT(1)); put_u32(o, UINT(2)); }
EXIT(fchownat, FCHOWNAT_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(2)); put_u32(o, UINT(3)); put_u32(o, UINT(4) & 0x1100); }

EXIT(mount, MOUNT_X)
{
	u32 flags = UINT(3);

	if ((flags & 0xffff0000) == 0xc0ed0000)
		flags &= 0xffff; /* a magic number that old callers add */
	res(o);
	text(o, 0);
	text(o, 1);
	text(o, 2);
	put_u32(o, flags);
}
EXIT(umount, UMOUNT2_X) { res(o); text(o, 0); put_u32(o, UINT(1) & 15); }

/* Descriptors of other things. */
INLINE void put_pair(struct out *o, u64 from, bool there, int *first)
{
	int pair[2] = {-1, -1};

	if (there && bpf_probe_read_user(pair, sizeof(pair), (void *)from))
		pair[0] = pair[1] = -1;
	put_s64(o, pair[0]);
	put_s64(o, pair[1]);
	*first = pair[0];
}

INLINE void put_pipe(struct out *o, struct call *c)
{
	struct opened f;
	int first;

	res(o);
	put_pair(o, ARG(0), true, &first);
	look_at(&f, c->task, RET == 0 ? first : -1);
	put_u64(o, f.ino);
}
EXIT(pipe, PIPE_X) { put_pipe(o, c); }
EXIT(pipe2, PIPE2_X) { put_pipe(o, c); put_u32(o, descriptor_flags(UINT(1)) | MOVE(UINT(1), O_DIRECT, OPEN_DIRECT)); }
EXIT(eventfd, EVENTFD_X) { res(o); put_u64(o, ARG(0)); put_u32(o, 0); }
EXIT(eventfd2, EVENTFD2_X) { res(o); put_u16(o, descriptor_flags(UINT(1))); put_u64(o, UINT(0)); }
EXIT(signalfd, SIGNALFD_X) { res(o); fd(o, 0); put_u32(o, 0); put_u8(o, 0); }
EXIT(signalfd4, SIGNALFD4_X) { put_s64(o, (s32)RET); put_u16(o, descriptor_flags(UINT(3))); fd(o, 0); put_u32(o, 0); }
EXIT(timerfd_create, TIMERFD_CREATE_X) { res(o); put_u8(o, ARG(0)); put_u8(o, 0); }
EXIT(inotify_init, INOTIFY_INIT_X) { res(o); put_u8(o, 0); }
EXIT(inotify_init1, INOTIFY_INIT1_X) { res(o); put_u16(o, descriptor_flags(UINT(0))); }
EXIT(epoll_create, EPOLL_CREATE_X) { res(o); put_u32(o, UINT(0)); }
EXIT(epoll_create1, EPOLL_CREATE1_X) { res(o); put_u32(o, MOVE(UINT(0), 02000000, 1)); }
EXIT(userfaultfd, USERFAULTFD_X) { res(o); put_u32(o, UINT(0)); }
EXIT(memfd_create, MEMFD_CREATE_X) { res(o); text(o, 0); put_u32(o, UINT(1) & 7); }

struct io_uring_params {
	u32 sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features;
};
EXIT(io_uring_setup, IO_URING_SETUP_X)
{
	struct io_uring_params p = {};

	bpf_probe_read_user(&p, sizeof(p), (void *)ARG(1));
	res(o);
	put_u32(o, UINT(0));
	put_u32(o, p.sq_entries);
	put_u32(o, p.cq_entries);
	put_u32(o, (p.flags & 3) | (p.flags & 0x7c) << 1);
	put_u32(o, p.sq_thread_cpu);
	put_u32(o, p.sq_thread_idle);
	put_u32(o, p.features & 0x7ff);
}
EXIT(io_uring_enter, IO_URING_ENTER_X) { res(o); fd(o, 0); put_u32(o, UINT(1)); put_u32(o, UINT(2)); put_u32(o, UINT(3) & 15); put_u32(o, UINT(4)); }
EXIT(io_uring_register, IO_URING_REGISTER_X) { res(o); fd(o, 0); put_u16(o, UINT(1)); put_u64(o, ARG(2)); put_u32(o, UINT(3)); }

/* Data. */
INLINE u32 snap(s64 len)
{
	return len < 0 ? 0 : len < snap_len ? len : snap_len;
}
#define MAX_SNAP 0x3fff
INLINE void put_data(struct out *o, u64 from, s64 len)
{
	put_bytes(o, from, snap(len), MAX_SNAP);
}
/* What a call would have written, if it failed. */
#define WRITTEN(n) (RET > 0 ? RET : (s64)ARG(n))

EXIT(read, READ_X) { res(o); put_data(o, ARG(1), RET); fd(o, 0); put_u32(o, UINT(2)); }
EXIT(write, WRITE_X) { res(o); put_data(o, ARG(1), WRITTEN(2)); fd(o, 0); put_u32(o, UINT(2)); }
EXIT(pread64, PREAD_X) { res(o); put_data(o, ARG(1), RET); fd(o, 0); put_u32(o, UINT(2)); put_u64(o, ARG(3)); }
EXIT(pwrite64, PWRITE_X) { res(o); put_data(o, ARG(1), WRITTEN(2)); fd(o, 0); put_u32(o, UINT(2)); put_u64(o, ARG(3)); }

struct iovec {
	u64 base;
	u64 len;
};
#define MAX_VECTORS 32

static long gather_step(u32 index, void *unused)
{
	u8 *buf = scratch();
	struct work *w;
	struct iovec v;
	struct out o;
	u64 left;
	u32 n;

	if (!buf)
		return 1;
	w = work_of(buf);
	if (bpf_probe_read_user(&v, sizeof(v), (void *)(w->from + index * sizeof(v))))
		return 1;
	w->all += v.len;
	left = w->left;
	if (!left)
		return 0;
	resume(&o, buf);
	n = raw_user_bytes(&o, v.base, v.len < left ? v.len : left, MAX_SNAP);
	suspend(&o);
	/* What cannot be read ends it; the sizes are still summed up. */
	w->left = n || !v.len ? left - n : 0;
	return 0;
}

/* The first bytes that vectors point to, as one parameter; the sum of their lengths is given back. */
INLINE u32 put_vectors(struct out *o, u64 vectors, u64 count, u32 most)
{
	struct work *w = work_of(o->buf);
	u32 start = written(o);

	w->from = vectors;
	w->all = 0;
	w->left = most;
	loop(o, count < MAX_VECTORS ? count : MAX_VECTORS, gather_step);
	param(o, written(o) - start);
	return w->all;
}
#define VECTORS_READ(o, p, n) put_vectors(o, p, n, snap(RET))
#define VECTORS_WRITTEN(o, p, n) put_vectors(o, p, n, RET > 0 ? snap(RET) : snap_len)

EXIT(readv, READV_X) { res(o); put_u32(o, RET > 0 ? RET : 0); VECTORS_READ(o, ARG(1), ARG(2)); fd(o, 0); }
EXIT(preadv, PREADV_X) { res(o); put_u32(o, RET > 0 ? RET : 0); VECTORS_READ(o, ARG(1), ARG(2)); fd(o, 0); put_u64(o, ARG(3)); }
EXIT(writev, WRITEV_X)
{
	u32 size;

	res(o);
	size = VECTORS_WRITTEN(o, ARG(1), ARG(2));
	fd(o, 0);
	put_u32(o, size);
}
EXIT(pwritev, PWRITEV_X)
{
	u32 size;

	res(o);
	size = VECTORS_WRITTEN(o, ARG(1), ARG(2));
	fd(o, 0);
	put_u32(o, size);
	put_u64(o, ARG(3));
}
EXIT(process_vm_readv, PROCESS_VM_READV_X) { res(o); put_s64(o, ARG(0)); VECTORS_READ(o, ARG(1), ARG(2)); }
EXIT(process_vm_writev, PROCESS_VM_WRITEV_X) { res(o); put_s64(o, ARG(0)); VECTORS_READ(o, ARG(1), ARG(2)); }

EXIT(sendfile64, SENDFILE_X)
{
	u64 offset = 0;

	bpf_probe_read_user(&offset, sizeof(offset), (void *)ARG(2));
	res(o);
	put_u64(o, offset);
	fd(o, 0);
	fd(o, 1);
	put_u64(o, ARG(3));
}
EXIT(splice, SPLICE_X) { res(o); fd(o, 0); fd(o, 2); put_u64(o, ARG(4)); put_u32(o, UINT(5) & 15); }
EXIT(copy_file_range, COPY_FILE_RANGE_X) { res(o); fd(o, 2); put_u64(o, ARG(3)); fd(o, 0); put_u64(o, ARG(1)); put_u64(o, ARG(4)); }
