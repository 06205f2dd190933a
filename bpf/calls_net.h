/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* System calls on sockets. */
#pragma once

#include "calls_file.h"
#include "socket.h"

EXIT(socket, SOCKET_X) { res(o); put_u32(o, (u8)ARG(0)); put_u32(o, UINT(1)); put_u32(o, UINT(2)); put_u32(o, descriptor_flags(UINT(1))); }
EXIT(bind, BIND_X) { res(o); put_address(o, ARG(1), ARG(2)); fd(o, 0); }
EXIT(listen, LISTEN_X) { res(o); fd(o, 0); put_u32(o, UINT(1)); }
EXIT(shutdown, SHUTDOWN_X) { res(o); fd(o, 0); put_u8(o, UINT(1) < 3 ? UINT(1) : 255); }

EXIT(connect, CONNECT_X)
{
	res(o);
	if (RET == 0 || RET == -EINPROGRESS)
		put_tuple(o, c->task, INT(0), OUTBOUND, ARG(1));
	else
		put_nothing(o);
	fd(o, 0);
	put_address(o, ARG(1), ARG(2));
}

INLINE void put_accepted(struct out *o, struct call *c)
{
	u32 waiting = 0, most = 0;
	struct sock *sk;

	res(o);
	if (RET >= 0) {
		put_tuple(o, c->task, RET, INBOUND, 0);
		sk = sock_of(c->task, INT(0));
		if (sk) {
			waiting = FIELD(sk, sk_ack_backlog);
			most = FIELD(sk, sk_max_ack_backlog);
		}
	} else {
		put_nothing(o);
	}
	put_u8(o, waiting && most ? (u64)waiting * 100 / most : 0);
	put_u32(o, waiting);
	put_u32(o, most);
}
EXIT(accept, ACCEPT_5_X) { put_accepted(o, c); }
EXIT(accept4, ACCEPT4_6_X) { put_accepted(o, c); put_u32(o, descriptor_flags(UINT(3))); }

EXIT(socketpair, SOCKETPAIR_X)
{
	struct sock *sk, *peer = NULL;
	int first;

	res(o);
	put_pair(o, ARG(3), RET == 0, &first);
	sk = RET == 0 ? sock_of(c->task, first) : NULL;
	if (sk)
		peer = FIELD((struct unix_sock *)sk, peer);
	put_u64(o, (u64)sk);
	put_u64(o, (u64)peer);
	put_u32(o, (u8)ARG(0));
	put_u32(o, UINT(1));
	put_u32(o, UINT(2));
}

/* What an option's value is: a number of some kind, or bytes. */
enum { OPTION_BYTES, OPTION_ERROR, OPTION_U32, OPTION_U64, OPTION_TIME };

INLINE void put_option(struct out *o, u32 level, u32 name, u64 from, u32 len)
{
	struct {
		s64 seconds;
		s64 microseconds;
	} time = {};
	u64 wide = 0;
	s32 number = 0;
	u32 start = written(o);

	if (level == 1 && name == 4) { /* SO_ERROR */
		bpf_probe_read_user(&number, 4, (void *)from);
		raw_u8(o, OPTION_ERROR);
		raw_u64(o, (s64)-number);
	} else if (level == 1 && (name == 20 || name == 21 || name == 66 || name == 67)) { /* SO_*TIMEO */
		bpf_probe_read_user(&time, sizeof(time), (void *)from);
		raw_u8(o, OPTION_TIME);
		raw_u64(o, time.seconds * 1000000000 + time.microseconds * 1000);
	} else if (level == 1 && name == 57) { /* SO_COOKIE */
		bpf_probe_read_user(&wide, 8, (void *)from);
		raw_u8(o, OPTION_U64);
		raw_u64(o, wide);
	} else if (level == 1 && name >= 1 && name <= 49 && name != 13 && name != 17 && name != 26 && name != 28) {
		/* All but LINGER, PEERCRED, ATTACH_FILTER and PEERNAME are numbers. */
		bpf_probe_read_user(&number, 4, (void *)from);
		raw_u8(o, OPTION_U32);
		raw_u32(o, number);
	} else {
		raw_u8(o, OPTION_BYTES);
		raw_user_bytes(o, from, (u16)len, MAX_SNAP);
	}
	param(o, written(o) - start);
}

INLINE void fill_option(struct out *o, struct call *c, u32 len)
{
	u32 level = UINT(1), name = UINT(2);

	res(o);
	fd(o, 0);
	put_u8(o, sockopt_level(level));
	put_u8(o, sockopt_name(level, name));
	put_option(o, level, name, ARG(3), len);
	put_u32(o, len);
}
EXIT(setsockopt, SETSOCKOPT_X) { fill_option(o, c, (u16)ARG(4)); }
EXIT(getsockopt, GETSOCKOPT_X)
{
	u32 len = 0;

	bpf_probe_read_user(&len, sizeof(len), (void *)ARG(4));
	fill_option(o, c, len);
}
EXIT(getsockname, GETSOCKNAME_X) {}
EXIT(getpeername, GETPEERNAME_X) {}

/* sendto and recvfrom; send and recv are the same calls with an address of NULL. */
EXIT(sendto, SENDTO_X)
{
	res(o);
	put_data(o, ARG(1), WRITTEN(2));
	fd(o, 0);
	put_u32(o, UINT(2));
	if (RET >= 0)
		put_tuple(o, c->task, INT(0), OUTBOUND, ARG(4));
	else
		put_nothing(o);
}

EXIT(recvfrom, RECVFROM_X)
{
	res(o);
	if (RET >= 0) {
		put_data(o, ARG(1), RET);
		put_tuple(o, c->task, INT(0), INBOUND, ARG(4));
	} else {
		put_nothing(o);
		put_nothing(o);
	}
	fd(o, 0);
	put_u32(o, UINT(2));
}

struct message {
	u64 name;
	int name_len;
	int pad;
	u64 vectors;
	u64 vector_count;
	u64 control;
	u64 control_len;
	u32 flags;
	int pad2;
};

EXIT(sendmsg, SENDMSG_X)
{
	struct message m;
	u32 size;

	res(o);
	if (bpf_probe_read_user(&m, sizeof(m), (void *)ARG(1))) {
		put_nothing(o);
		fd(o, 0);
		put_nothing(o);
		put_nothing(o);
		return;
	}
	size = VECTORS_WRITTEN(o, m.vectors, m.vector_count);
	fd(o, 0);
	put_u32(o, size);
	if (RET >= 0)
		put_tuple(o, c->task, INT(0), OUTBOUND, m.name);
	else
		put_nothing(o);
}

EXIT(recvmsg, RECVMSG_X)
{
	struct message m = {};

	res(o);
	if (RET >= 0) {
		bpf_probe_read_user(&m, sizeof(m), (void *)ARG(1));
		put_u32(o, RET);
		VECTORS_READ(o, m.vectors, m.vector_count);
		put_tuple(o, c->task, INT(0), INBOUND, m.name);
		if (m.control && m.control_len <= 0xffff)
			put_bytes(o, m.control, m.control_len, MAX_SNAP);
		else
			put_nothing(o);
	} else {
		put_u32(o, 0);
		put_nothing(o);
		put_nothing(o);
		put_nothing(o);
	}
	fd(o, 0);
}

/* Calls that send or receive several messages: an event for each of the first ones. */
#define MAX_MESSAGES 16

struct many_message {
	struct message m;
	u32 len;
	u32 pad;
};

struct many {
	u64 at;
	s32 fd;
};

INLINE void read_message(struct many_message *m, struct many *all, u32 index)
{
	bpf_probe_read_user(m, sizeof(*m), (void *)(all->at + index * sizeof(*m)));
}

static long send_one(u32 index, struct many *all)
{
	struct many_message m = {};
	struct out out, *o = &out;
	struct task_struct *task = bpf_get_current_task_btf();
	u8 *size;

	if (!begin(o, SENDMMSG_X, SENDMMSG_X_PARAMS))
		return 1;
	read_message(&m, all, index);
	put_s64(o, m.len);
	put_s64(o, all->fd);
	/* The size comes before the data that it is counted from. */
	size = o->base + o->at;
	put_u32(o, 0);
	STORE(size, u32, put_vectors(o, m.m.vectors, m.m.vector_count, m.len ? snap(m.len) : snap_len));
	put_tuple(o, task, all->fd, OUTBOUND, m.m.name);
	finish(o);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmmsg")
int x_sendmmsg(struct sys_exit *ctx)
{
	struct call cc, *c = &cc;
	struct out out, *o = &out;
	struct many all;

	call_of(c, ctx);
	if (RET > 0) {
		all.at = ARG(1);
		all.fd = INT(0);
		bpf_loop(RET < MAX_MESSAGES ? RET : MAX_MESSAGES, send_one, &all, 0);
		return 0;
	}
	if (!begin(o, SENDMMSG_X, SENDMMSG_X_PARAMS))
		return 0;
	res(o);
	fd(o, 0);
	put_u32(o, 0);
	put_nothing(o);
	put_nothing(o);
	return finish(o);
}

static long receive_one(u32 index, struct many *all)
{
	struct many_message m = {};
	struct out out, *o = &out;
	struct task_struct *task = bpf_get_current_task_btf();

	if (!begin(o, RECVMMSG_X, RECVMMSG_X_PARAMS))
		return 1;
	read_message(&m, all, index);
	put_s64(o, m.len);
	put_s64(o, all->fd);
	put_u32(o, m.len);
	put_vectors(o, m.m.vectors, m.m.vector_count, snap(m.len));
	put_tuple(o, task, all->fd, INBOUND, m.m.name);
	if (m.m.control)
		put_bytes(o, m.m.control, m.m.control_len & 0xffff, MAX_SNAP);
	else
		put_nothing(o);
	finish(o);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_recvmmsg")
int x_recvmmsg(struct sys_exit *ctx)
{
	struct call cc, *c = &cc;
	struct out out, *o = &out;
	struct many all;

	call_of(c, ctx);
	if (RET > 0) {
		all.at = ARG(1);
		all.fd = INT(0);
		bpf_loop(RET < MAX_MESSAGES ? RET : MAX_MESSAGES, receive_one, &all, 0);
		return 0;
	}
	if (!begin(o, RECVMMSG_X, RECVMMSG_X_PARAMS))
		return 0;
	res(o);
	fd(o, 0);
	put_u32(o, 0);
	put_nothing(o);
	put_nothing(o);
	put_nothing(o);
	return finish(o);
}
