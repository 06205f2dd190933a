/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Sockets: the address that a process gave, and both ends of a connection as the kernel has them. */
#pragma once

#include "file.h"

INLINE u16 swap16(u16 v)
{
	return __builtin_bswap16(v);
}

union address {
	u16 family;
	struct {
		u16 family;
		u16 port;
		u32 ip;
	} v4;
	struct {
		u16 family;
		u16 port;
		u32 flow;
		u32 ip[4];
	} v6;
	struct {
		u16 family;
		char path[MAX_UNIX_PATH];
	} local;
	u8 bytes[128];
};

INLINE void raw_ip6(struct out *o, const u32 *ip)
{
	raw_u32(o, ip[0]);
	raw_u32(o, ip[1]);
	raw_u32(o, ip[2]);
	raw_u32(o, ip[3]);
}

/* Reads what a process gave as an address into the spare room. False if it cannot be read. */
INLINE union address *user_address(struct out *o, u64 from, u64 len)
{
	union address *a = (void *)(o->buf + MAX_EVENT);

	if (len > sizeof(*a))
		len = sizeof(*a);
	opaque(len);
	if (!from || len < 2 || len > sizeof(*a))
		return NULL;
	/* What is not given must not be left from another event. */
	__builtin_memset(a, 0, sizeof(*a));
	if (bpf_probe_read_user(a, len, (const void *)from))
		return NULL;
	return a;
}

/* The path of a socket's address: a name that begins with NUL is written without it. */
INLINE u32 raw_unix_path(struct out *o, const char *path)
{
	char first = 0;

	if (path)
		bpf_probe_read_kernel(&first, 1, path);
	return raw_kernel_text(o, first || !path ? path : path + 1, MAX_UNIX_PATH);
}

INLINE void put_address(struct out *o, u64 from, u64 len)
{
	union address *a = user_address(o, from, (u16)len);
	u32 start = written(o);

	if (!a) {
		put_nothing(o);
		return;
	}
	switch (a->family) {
	case AF_INET:
		raw_u8(o, AF_INET);
		raw_u32(o, a->v4.ip);
		raw_u16(o, swap16(a->v4.port));
		break;
	case AF_INET6:
		raw_u8(o, AF_INET6);
		raw_ip6(o, a->v6.ip);
		raw_u16(o, swap16(a->v6.port));
		break;
	case AF_UNIX:
		raw_u8(o, AF_UNIX);
		raw_unix_path(o, a->local.path);
		break;
	}
	param(o, written(o) - start);
}

INLINE struct sock *sock_of(struct task_struct *task, s32 number)
{
	struct file *file = file_of(task, number);
	struct socket *socket;

	if (!file || (FIELD(FIELD(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = FIELD(file, private_data);
	return socket ? FIELD(socket, sk) : NULL;
}

enum direction { OUTBOUND, INBOUND };

/*
 * Both ends: who began it first. A socket that is not connected gets the other end from the address that the call named
 * (`given`, 0 if none).
 */
INLINE void put_tuple(struct out *o, struct task_struct *task, s32 number, enum direction direction, u64 given)
{
	struct sock *sk = sock_of(task, number);
	struct inet_sock *inet = (void *)sk;
	u32 start = written(o);
	u16 family, here, there;

	if (!sk) {
		put_nothing(o);
		return;
	}
	family = FIELD(sk, __sk_common.skc_family);
	if (family == AF_INET) {
		u32 local = FIELD(inet, inet_saddr), remote = FIELD(sk, __sk_common.skc_daddr);

		here = FIELD(inet, inet_sport);
		there = FIELD(sk, __sk_common.skc_dport);
		if (!there && given) {
			union address *a = user_address(o, given, 16);

			remote = a ? a->v4.ip : 0;
			there = a ? a->v4.port : 0;
		}
		raw_u8(o, AF_INET);
		raw_u32(o, direction == OUTBOUND ? local : remote);
		raw_u16(o, swap16(direction == OUTBOUND ? here : there));
		raw_u32(o, direction == OUTBOUND ? remote : local);
		raw_u16(o, swap16(direction == OUTBOUND ? there : here));
	} else if (family == AF_INET6) {
		struct in6_addr local = FIELD(FIELD(inet, pinet6), saddr), remote = FIELD(sk, __sk_common.skc_v6_daddr);

		here = FIELD(inet, inet_sport);
		there = FIELD(sk, __sk_common.skc_dport);
		if (!there && given) {
			union address *a = user_address(o, given, 28);

			if (a) {
				__builtin_memcpy(&remote, a->v6.ip, 16);
				there = a->v6.port;
			}
		}
		raw_u8(o, AF_INET6);
		raw_ip6(o, direction == OUTBOUND ? local.words : remote.words);
		raw_u16(o, swap16(direction == OUTBOUND ? here : there));
		raw_ip6(o, direction == OUTBOUND ? remote.words : local.words);
		raw_u16(o, swap16(direction == OUTBOUND ? there : here));
	} else if (family == AF_UNIX) {
		struct unix_sock *local = (void *)sk, *peer = (void *)FIELD(local, peer);
		struct unix_sock *named = direction == OUTBOUND ? peer : local;
		struct unix_address *address = named ? FIELD(named, addr) : NULL;
		union address *a = NULL;

		raw_u8(o, AF_UNIX);
		raw_u64(o, (u64)(direction == OUTBOUND ? peer : local));
		raw_u64(o, (u64)(direction == OUTBOUND ? local : peer));
		if (direction == OUTBOUND && !peer && given)
			a = user_address(o, given, 2 + MAX_UNIX_PATH);
		if (a)
			raw_unix_path(o, a->local.path);
		else if (address)
			raw_unix_path(o, (const char *)address + __builtin_preserve_field_info(address->name, 0) + 2);
		else
			raw_unix_path(o, NULL);
	}
	param(o, written(o) - start);
}
