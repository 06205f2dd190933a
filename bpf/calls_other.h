/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* System calls on memory, time, waiting, semaphores, modules and keys, and every call without an event of its own. */
#pragma once

#include "calls_file.h"
#include "task.h"

EXIT(brk, BRK_4_X) { put_u64(o, RET); put_memory(o, c->task); put_u64(o, ARG(0)); }
EXIT(mmap, MMAP_X)
{
	res(o);
	put_memory(o, c->task);
	put_u64(o, ARG(0));
	put_u64(o, ARG(1));
	put_u32(o, prot_flags(UINT(2)));
	put_u32(o, mmap_flags(UINT(3)));
	fd(o, 4);
	put_u64(o, ARG(5));
}
EXIT(munmap, MUNMAP_X) { res(o); put_memory(o, c->task); put_u64(o, ARG(0)); put_u64(o, ARG(1)); }
EXIT(mprotect, MPROTECT_X) { res(o); put_u64(o, ARG(0)); put_u64(o, ARG(1)); put_u32(o, prot_flags(UINT(2))); }
EXIT(mlock, MLOCK_X) { res(o); put_u64(o, ARG(0)); put_u64(o, ARG(1)); }
EXIT(mlock2, MLOCK2_X) { res(o); put_u64(o, ARG(0)); put_u64(o, ARG(1)); put_u32(o, UINT(2) & 1); }
EXIT(munlock, MUNLOCK_X) { res(o); put_u64(o, ARG(0)); put_u64(o, ARG(1)); }
EXIT(mlockall, MLOCKALL_X) { res(o); put_u32(o, UINT(0) & 7); }
EXIT(munlockall, MUNLOCKALL_X) { res(o); }

EXIT(bpf, BPF_2_X) { res(o); put_u32(o, UINT(0)); }
EXIT(select, SELECT_X) { res(o); }
EXIT(epoll_wait, EPOLLWAIT_X) { res(o); put_s64(o, INT(2)); }
EXIT(futex, FUTEX_X) { res(o); put_u64(o, ARG(0)); put_u16(o, UINT(1) & 0x18f); put_u64(o, ARG(2)); }

struct time_spec {
	s64 seconds;
	s64 nanoseconds;
};
INLINE u64 duration(u64 from)
{
	struct time_spec t = {};

	bpf_probe_read_user(&t, sizeof(t), (void *)from);
	return t.seconds * 1000000000ull + t.nanoseconds;
}
EXIT(nanosleep, NANOSLEEP_X) { res(o); put_u64(o, duration(ARG(0))); }

struct polled {
	s32 fd;
	u16 wanted;
	u16 happened;
};
#define MAX_POLLED 16

static long poll_step(u32 index, void *unused)
{
	u8 *buf = scratch();
	struct polled one;
	struct work *w;
	struct out o;

	if (!buf)
		return 1;
	w = work_of(buf);
	if (bpf_probe_read_user(&one, sizeof(one), (void *)(w->from + index * sizeof(one))))
		return 1;
	if (one.happened) {
		resume(&o, buf);
		raw_u64(&o, (s64)one.fd);
		raw_u16(&o, poll_events(one.happened));
		suspend(&o);
		w->taken++;
	}
	return 0;
}

/* The descriptors on which something happened. */
INLINE void put_polled(struct out *o, u64 from, u32 count)
{
	struct work *w = work_of(o->buf);
	u8 *number = o->base + o->at;
	u32 start = written(o);

	raw_u16(o, 0);
	w->from = from;
	w->taken = 0;
	loop(o, count < MAX_POLLED ? count : MAX_POLLED, poll_step);
	STORE(number, u16, w->taken);
	param(o, written(o) - start);
}
EXIT(poll, POLL_X) { res(o); put_polled(o, ARG(0), UINT(1)); put_s64(o, (s64)UINT(2)); }
EXIT(ppoll, PPOLL_X)
{
	u64 mask = 0;

	bpf_probe_read_user(&mask, sizeof(mask), (void *)ARG(3));
	res(o);
	put_polled(o, ARG(0), UINT(1));
	put_u64(o, duration(ARG(2)));
	put_u32(o, mask);
}

struct sem_op {
	u16 number;
	s16 op;
	u16 flags;
};
INLINE void put_sem_op(struct out *o, struct sem_op *s)
{
	put_u16(o, s->number);
	put_u16(o, s->op);
	put_u16(o, MOVE(s->flags, 04000, 1) | MOVE(s->flags, 010000, 2));
}
EXIT(semop, SEMOP_X)
{
	struct sem_op ops[2] = {};
	u32 count = UINT(2);

	if (RET == 0 && count)
		bpf_probe_read_user(ops, count == 1 ? sizeof(ops[0]) : sizeof(ops), (void *)ARG(1));
	res(o);
	put_u32(o, count);
	put_sem_op(o, &ops[0]);
	put_sem_op(o, &ops[1]);
	put_u32(o, UINT(0));
}
EXIT(semctl, SEMCTL_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); put_u16(o, semctl_command((u16)ARG(2))); put_u32(o, (u16)ARG(2) == 16 ? UINT(3) : 0); }
EXIT(semget, SEMGET_X) { res(o); put_u32(o, UINT(0)); put_u32(o, UINT(1)); put_u32(o, MOVE(UINT(2), 01000, 1 << 13) | MOVE(UINT(2), 02000, 1 << 14)); }

EXIT(init_module, INIT_MODULE_X) { res(o); put_bytes(o, ARG(0), snap(ARG(1)), MAX_SNAP); put_u64(o, ARG(1)); text(o, 2); }
EXIT(finit_module, FINIT_MODULE_X) { res(o); fd(o, 0); text(o, 1); put_u32(o, UINT(2) & 7); }
EXIT(delete_module, DELETE_MODULE_X) { res(o); text(o, 0); put_u32(o, MOVE(UINT(1), 01000, 1) | MOVE(UINT(1), 04000, 2)); }

/*
 * A kernel without modules has no tracepoints for these calls, but who tries them should be seen. Every other call's exit
 * runs this too, so it is attached only where the tracepoints are missing and somebody asks for the calls.
 */
const volatile u32 nr_init_module, nr_finit_module, nr_delete_module;

#define ABSENT(NAME, KIND)                                   \
	if (nr == nr_##NAME) {                               \
		if (begin(&o, KIND, KIND##_PARAMS)) {        \
			fill_##NAME(&o, &c);                 \
			return finish(&o);                   \
		}                                            \
	}

SEC("tp_btf/sys_exit")
int t_absent_modules(u64 *ctx)
{
	struct call c = {.task = bpf_get_current_task_btf(), .regs = (void *)ctx[0], .ret = ctx[1]};
	u32 nr = CALL_NUMBER(c.regs);
	struct out o;

	ABSENT(init_module, INIT_MODULE_X)
	ABSENT(finit_module, FINIT_MODULE_X)
	ABSENT(delete_module, DELETE_MODULE_X)
	return 0;
}

EXIT(fsconfig, FSCONFIG_X)
{
	u32 command = UINT(1);

	res(o);
	fd(o, 0);
	put_u32(o, command);
	text(o, 2);
	if (RET >= 0 && command == 2)
		put_bytes(o, ARG(3), UINT(4), MAX_SNAP);
	else
		put_nothing(o);
	if (RET >= 0 && (command == 1 || command == 3 || command == 4))
		text(o, 3);
	else
		put_nothing(o);
	put_u32(o, UINT(4));
}

INLINE void put_key_argument(struct out *o, bool is_text, bool there, u64 v)
{
	u32 len;

	raw_u8(o, is_text);
	if (is_text) {
		len = raw_user_text(o, (void *)v, MAX_PATH);
		param(o, 1 + len);
	} else {
		raw_u64(o, there ? v : 0);
		param(o, 9);
	}
}
#define ONE_OF(op, set) ((op) < 64 && (set) >> (op) & 1)
#define B(n) (1ull << (n))
EXIT(keyctl, KEYCTL_X)
{
	u64 op = UINT(0);
	/* By operation: how many arguments it has, and which of them are texts. */
	u64 two = B(0) | B(1) | B(3) | B(7) | B(14) | B(16) | B(21);
	u64 three = B(0) | B(5) | B(8) | B(9) | B(15) | B(22) | B(31);
	u64 four = B(2) | B(4) | B(6) | B(11) | B(13) | B(17) | B(32) | B(29) | B(24);
	u64 five = B(10) | B(12) | B(19) | B(20) | B(23) | B(30) | B(25) | B(26) | B(27) | B(28);

	four |= five;
	three |= four;
	two |= three;
	res(o);
	put_u32(o, op);
	put_key_argument(o, op == 1, ONE_OF(op, two), ARG(1));
	put_key_argument(o, ONE_OF(op, B(29) | B(10) | B(25) | B(26) | B(27) | B(28)), ONE_OF(op, three), ARG(2));
	put_key_argument(o, ONE_OF(op, B(29) | B(24) | B(10)), ONE_OF(op, four), ARG(3));
	put_key_argument(o, false, ONE_OF(op, five), ARG(4));
}

/* Quotas: numbers of commands differ from one generation to the next. */
INLINE u16 quota_command(u32 c)
{
	switch (c >> 8) {
	case 0x800002: return 1 << 0;
	case 0x800003: return 1 << 1;
	case 0x800004: return 1 << 2;
	case 0x800005: return 1 << 3;
	case 0x800006: return 1 << 4;
	case 0x800007: return 1 << 5;
	case 0x800008: return 1 << 6;
	case 0x800001: return 1 << 7;
	case 'X' << 8 | 1: return 1 << 8;
	case 'X' << 8 | 2: return 1 << 9;
	case 'X' << 8 | 3: return 1 << 10;
	case 'X' << 8 | 4: return 1 << 11;
	case 'X' << 8 | 5: return 1 << 12;
	case 'X' << 8 | 6: return 1 << 13;
	case 'X' << 8 | 7: return 1 << 14;
	case 'X' << 8 | 8: return 1 << 15;
	}
	return 0;
}
INLINE u8 quota_format(u32 f)
{
	return f == 1 ? 1 << 1 : f == 2 ? 1 << 2 : f == 4 ? 1 << 3 : 1;
}
struct quota {
	u64 hard_blocks, soft_blocks, space, hard_inodes, soft_inodes, inodes, block_time, inode_time;
	u32 valid;
};
struct quota_info {
	u64 block_grace, inode_grace;
	u32 flags, valid;
};
EXIT(quotactl, QUOTACTL_X)
{
	u32 command = quota_command(UINT(0)), format = 0, type = UINT(0) & 0xff;
	struct quota q = {};
	struct quota_info i = {};
	bool of_id = command & (1 << 5 | 1 << 6 | 1 << 10 | 1 << 11);

	res(o);
	text(o, 1);
	if (command == 1 << 0)
		text(o, 3);
	else
		put_nothing(o);
	if (command & (1 << 5 | 1 << 6))
		bpf_probe_read_user(&q, sizeof(q), (void *)ARG(3));
	if (command & (1 << 3 | 1 << 4))
		bpf_probe_read_user(&i, sizeof(i), (void *)ARG(3));
	if (command == 1 << 2)
		bpf_probe_read_user(&format, sizeof(format), (void *)ARG(3));
	put_u64(o, q.valid & 1 ? q.hard_blocks : 0);
	put_u64(o, q.valid & 1 ? q.soft_blocks : 0);
	put_u64(o, q.valid & 2 ? q.space : 0);
	put_u64(o, q.valid & 4 ? q.hard_inodes : 0);
	put_u64(o, q.valid & 4 ? q.soft_inodes : 0);
	put_u64(o, q.valid & 16 ? q.block_time : 0);
	put_u64(o, q.valid & 32 ? q.inode_time : 0);
	put_u64(o, i.valid & 1 ? i.block_grace : 0);
	put_u64(o, i.valid & 2 ? i.inode_grace : 0);
	put_u8(o, i.valid & 4 ? i.flags : 0);
	put_u8(o, command == 1 << 2 ? quota_format(format) : 1);
	put_u16(o, command);
	put_u8(o, type == 0 ? 1 : type == 1 ? 2 : 0);
	put_u32(o, of_id ? UINT(2) : 0);
	put_u8(o, command == 1 << 0 ? quota_format(UINT(2)) : 1);
}

/* Falco's number of a system call, by the machine's number; set by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 512);
	__type(key, u32);
	__type(value, u16);
} call_ids SEC(".maps");

/* Any call without an event of its own; attached to each that is wanted. */
SEC("tracepoint/syscalls/sys_exit_getppid")
int x_generic(struct sys_exit *ctx)
{
	u32 nr = ctx->nr;
	u16 *id = bpf_map_lookup_elem(&call_ids, &nr);
	struct out o;

	if (!id || !begin(&o, GENERIC_X, GENERIC_X_PARAMS))
		return 0;
	put_u16(&o, *id);
	put_u16(&o, nr);
	return finish(&o);
}
