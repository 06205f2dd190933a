/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * How an event is built and handed over: the maps, the header, the lengths and the parameters that every kind of event is
 * made of. Bytes are those of captures (26 bytes of header, a u16 length per parameter, the parameters), so that nothing
 * behind the ring buffers needs to know where an event came from. What is in an event is in calls_*.h and sched.h.
 */
#pragma once

#include "kernel.h"
#include "kinds.h"

/* Set by the loader before the programs are loaded; the verifier then takes them for constants. */
const volatile u64 boot_epoch_ns; /* when the machine started, nanoseconds since 1970 */
const volatile u32 own_tgid;      /* whose events are left out: the reader's */
const volatile u32 snap_len = 80; /* how much of what is read or written is recorded */

#define HEADER_LEN 26
#define MAX_EVENT 0x10000
#define MAX_PATH 4096
#define MAX_ARGS 4096
#define MAX_UNIX_PATH 108

/* A processor's room to build an event in, and behind it to put things together. */
struct scratch {
	u8 event[MAX_EVENT];
	u8 spare[MAX_EVENT];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* one per processor; the loader says how many */
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* one per processor */
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* Room for what may happen while another event is in the making. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* one per processor */
	__type(key, u32);
	__type(value, u8[256]);
} small_scratches SEC(".maps");

/* Events that found no room, by kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 512);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

/*
 * An event in the making. Until a text of unknown length was put, the compiler knows where everything goes. Behind a text
 * `base` is moved up to its end, so that what follows is again at known distances from there.
 */
struct out {
	u8 *buf;
	u8 *base;  /* buf + off */
	u64 off;   /* less than MAX_EVENT */
	void *ring;
	u32 at;    /* where the next parameter goes, from base */
	u32 param; /* which one it is */
	u32 kind;
};

#define STORE(where, type, v) (*(type *)(where) = (type)(v))

INLINE void put_header(struct out *o, u32 kind, u32 params, u64 ids)
{
	o->base = o->buf;
	o->off = 0;
	o->param = 0;
	o->kind = kind;
	o->at = HEADER_LEN + 2 * params;
	STORE(o->buf, u64, boot_epoch_ns + bpf_ktime_get_boot_ns());
	STORE(o->buf + 8, u64, ids & 0xffffffff);
	STORE(o->buf + 20, u16, kind);
	STORE(o->buf + 22, u32, params);
}

INLINE bool begin(struct out *o, u32 kind, u32 params)
{
	u32 cpu = bpf_get_smp_processor_id();
	u64 ids = bpf_get_current_pid_tgid();

	if (own_tgid && ids >> 32 == own_tgid)
		return false;
	o->ring = bpf_map_lookup_elem(&rings, &cpu);
	o->buf = bpf_map_lookup_elem(&scratches, &cpu);
	if (!o->ring || !o->buf)
		return false;
	put_header(o, kind, params, ids);
	return true;
}

/* Moves up behind `len` bytes that were written at `at`. */
INLINE void advance(struct out *o, u64 len)
{
	u64 off = o->off + o->at + len;

	asm volatile("%0 &= %1" : "+r"(off) : "i"(MAX_EVENT - 1));
	o->off = off;
	o->base = o->buf + off;
	o->at = 0;
}

/*
 * What a loop needs to remember. It lies in the spare room and not on the stack, so that the verifier takes every value in
 * it for unknown and goes through the loop's body once, instead of once for each combination of values.
 */
struct work {
	u64 off; /* the event's */
	u64 from;
	u64 all;
	u64 left;
	u64 taken;
	void *here;
	void *top;
	void *mount;
	u64 done;
};
#define WORK_AT (MAX_EVENT + 0xf000)

INLINE struct work *work_of(u8 *buf)
{
	return (struct work *)(buf + WORK_AT);
}

/* In a loop's body: this processor's room. */
INLINE u8 *scratch(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&scratches, &cpu);
}

/* In a loop's body: the event so far, and afterwards. */
INLINE void resume(struct out *o, u8 *buf)
{
	o->buf = o->base = buf;
	o->off = o->at = 0;
	advance(o, work_of(buf)->off);
}

INLINE void suspend(struct out *o)
{
	advance(o, 0);
	work_of(o->buf)->off = o->off;
}

/* Runs a body with what is in `work`. */
INLINE void loop(struct out *o, u32 times, void *body)
{
	suspend(o);
	bpf_loop(times, body, NULL, 0);
	o->off = o->at = 0;
	o->base = o->buf;
	advance(o, work_of(o->buf)->off);
}

INLINE u32 written(struct out *o)
{
	return o->off + o->at;
}

INLINE int finish(struct out *o)
{
	u64 len = written(o);

	if (!__builtin_constant_p(len))
		asm volatile("%0 &= %1" : "+r"(len) : "i"(2 * MAX_EVENT - 1));
	STORE(o->buf + 16, u32, len);
	if (bpf_ringbuf_output(o->ring, o->buf, len, BPF_RB_NO_WAKEUP)) {
		u32 kind = o->kind;
		u64 *lost = bpf_map_lookup_elem(&losses, &kind);

		if (lost)
			*lost += 1;
	}
	return 0;
}

/* The next parameter is this long. */
INLINE void param(struct out *o, u32 len)
{
	STORE(o->buf + HEADER_LEN + 2 * o->param, u16, len);
	o->param++;
}

INLINE void put_nothing(struct out *o)
{
	param(o, 0);
}

/* Numbers: as parts of a parameter, of which the length is set afterwards, and as whole ones. */
#define NUMBER(type)                                        \
	INLINE void raw_##type(struct out *o, type v)       \
	{                                                   \
		STORE(o->base + o->at, type, v);            \
		o->at += sizeof(type);                      \
	}                                                   \
	INLINE void put_##type(struct out *o, type v)       \
	{                                                   \
		raw_##type(o, v);                           \
		param(o, sizeof(type));                     \
	}
NUMBER(u8)
NUMBER(u16)
NUMBER(u32)
NUMBER(u64)
NUMBER(s64)

INLINE u32 text_len(long len, u32 most)
{
	return len < 0 || len > most ? 0 : len;
}

/* Text of the process, with its NUL. Nothing if it cannot be read. */
INLINE u32 raw_user_text(struct out *o, const void *from, u32 most)
{
	u32 len = text_len(bpf_probe_read_user_str(o->base + o->at, most, from), most);

	advance(o, len);
	return len;
}

INLINE u32 raw_kernel_text(struct out *o, const void *from, u32 most)
{
	u32 len = text_len(bpf_probe_read_kernel_str(o->base + o->at, most, from), most);

	advance(o, len);
	return len;
}

/* As raw_kernel_text, but what follows is written over the NUL. */
INLINE void raw_kernel_name(struct out *o, const void *from, u32 most)
{
	u32 len = text_len(bpf_probe_read_kernel_str(o->base + o->at, most, from), most);

	advance(o, len ? len - 1 : 0);
}

INLINE void put_text(struct out *o, u64 from)
{
	param(o, raw_user_text(o, (const void *)from, MAX_PATH));
}

INLINE void put_kernel_text(struct out *o, const void *from)
{
	param(o, raw_kernel_text(o, from, MAX_PATH));
}

/* Bytes of the process, at most `most`. Nothing if they cannot be read. */
INLINE u32 raw_user_bytes(struct out *o, u64 from, u64 len, u32 most)
{
	if (len > most)
		len = most;
	opaque(len);
	if (len > most || bpf_probe_read_user(o->base + o->at, len, (const void *)from))
		len = 0;
	advance(o, len);
	return len;
}

INLINE void put_bytes(struct out *o, u64 from, u64 len, u32 most)
{
	param(o, raw_user_bytes(o, from, len, most));
}

/* Texts of the process that lie one behind the other; the last, which may be cut, gets its NUL. */
INLINE void put_strings(struct out *o, u64 from, u64 len, u32 most)
{
	u8 *last;

	if (len > most)
		len = most;
	opaque(len);
	if (!len || len > most || bpf_probe_read_user(o->base + o->at, len, (const void *)from))
		len = 0;
	last = o->base + o->at + len;
	if (len)
		last[-1] = 0;
	advance(o, len);
	param(o, len);
}

/* A system call that was left. */
struct sys_exit {
	u64 header;
	int nr;
	int pad;
	s64 ret;
};

/* One that is entered. */
struct sys_enter {
	u64 header;
	int nr;
	int pad;
	u64 args[6];
};

struct call {
	struct task_struct *task;
	struct pt_regs *regs;
	s64 ret;
};

INLINE void call_of(struct call *c, struct sys_exit *ctx)
{
	c->task = bpf_get_current_task_btf();
	/* The registers as the call was entered, at the top of the task's kernel stack. */
	c->regs = (struct pt_regs *)bpf_task_pt_regs(c->task);
	c->ret = ctx->ret;
}

/*
 * A program for the exit of one system call: NAME as the kernel's tracepoint has it, KIND as the table of events has it
 * (kinds.h says how many parameters it has). The body puts each parameter, in order.
 */
#define EXIT(NAME, KIND)                                                              \
	INLINE void fill_##NAME(struct out *o, struct call *c);                       \
	SEC("tracepoint/syscalls/sys_exit_" #NAME)                                    \
	int x_##NAME(struct sys_exit *ctx)                                            \
	{                                                                             \
		struct call c;                                                        \
		struct out o;                                                         \
                                                                                      \
		if (!begin(&o, KIND, KIND##_PARAMS))                                  \
			return 0;                                                     \
		call_of(&c, ctx);                                                     \
		fill_##NAME(&o, &c);                                                  \
		return finish(&o);                                                    \
	}                                                                             \
	INLINE void fill_##NAME(struct out *o, struct call *c)

#define ARG(n) ((u64)ARG##n(c->regs))
#define INT(n) ((s32)ARG(n))
#define UINT(n) ((u32)ARG(n))
#define RET (c->ret)

/* Parameters that many calls have. */
#define res(o) put_s64(o, RET)
#define fd(o, n) put_s64(o, (s64)INT(n))
#define text(o, n) put_text(o, ARG(n))
