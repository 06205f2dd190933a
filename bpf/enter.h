/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The enter sides of the calls whose memory another thread could change before they are left: what was read here is what
 * the state takes for the call's arguments.
 */
#pragma once

#include "calls_file.h"
#include "socket.h"

#define ENTER(NAME, KIND)                                                \
	INLINE void fill_enter_##NAME(struct out *o, const u64 *args);   \
	SEC("tracepoint/syscalls/sys_enter_" #NAME)                      \
	int e_##NAME(struct sys_enter *ctx)                              \
	{                                                                \
		struct out o;                                            \
                                                                         \
		if (!begin(&o, KIND, KIND##_PARAMS))                     \
			return 0;                                        \
		fill_enter_##NAME(&o, ctx->args);                        \
		return finish(&o);                                       \
	}                                                                \
	INLINE void fill_enter_##NAME(struct out *o, const u64 *args)

ENTER(open, OPEN_E) { put_text(o, args[0]); put_u32(o, open_flags(args[1])); put_u32(o, open_mode(args[1], args[2])); }
ENTER(openat, OPENAT_2_E) { put_s64(o, (s32)args[0]); put_text(o, args[1]); put_u32(o, open_flags(args[2])); put_u32(o, open_mode(args[2], args[3])); }
ENTER(creat, CREAT_E) { put_text(o, args[0]); put_u32(o, open_mode(O_CREAT, args[1])); }
ENTER(openat2, OPENAT2_E)
{
	struct open_how how = {};

	bpf_probe_read_user(&how, sizeof(how), (void *)args[2]);
	put_s64(o, (s32)args[0]);
	put_text(o, args[1]);
	put_u32(o, open_flags(how.flags));
	put_u32(o, open_mode(how.flags, how.mode));
	put_u32(o, resolve_flags(how.resolve));
}
ENTER(connect, CONNECT_E) { put_s64(o, (s32)args[0]); put_address(o, args[1], args[2]); }
