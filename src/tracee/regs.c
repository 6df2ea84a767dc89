/*
 * regs.c - a thread's registers through ptrace.
 */
#include "tracee/regs.h"

#include <asm/ldt.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "base/buf.h"
#include "base/err.h"

_Static_assert(sizeof(struct gregs) == sizeof(struct user_regs_struct),
	       "struct gregs follows user_regs_struct");

#define SIGINFO_SIZE 128
/* Kernel-internal results of interrupted calls, include/linux/errno.h. */
enum { RESTARTSYS = 512, RESTARTNOINTR = 513, RESTARTNOHAND = 514, RESTART_RESTARTBLOCK = 516 };

static int request(struct ctx *cx, int req, pid_t tid, uintptr_t addr, void *data, const char *what)
{
	if (ptrace(req, tid, addr, data) < 0)
		return fail(cx, -errno, "thread %d: %s", (int) tid, what);
	return 0;
}

int regs_get(struct ctx *cx, pid_t tid, struct gregs *ret)
{
	return request(cx, PTRACE_GETREGS, tid, 0, ret, "get registers");
}

int regs_set(struct ctx *cx, pid_t tid, const struct gregs *g)
{
	return request(cx, PTRACE_SETREGS, tid, 0, (void *) g, "set registers");
}

int regs_get_xstate(struct ctx *cx, pid_t tid, struct buf *ret)
{
	struct iovec v = { 0 };
	int r;

	/* Large enough for AMX tiles (8 KiB) and whatever comes; the kernel says how much it gave.
	 */
	v.iov_len = 32768;
	v.iov_base = buf_grow(ret, v.iov_len);
	if (!v.iov_base)
		return fail(cx, -ENOMEM, "thread %d: get FPU state", (int) tid);
	ret->len -= v.iov_len;
	r = request(cx, PTRACE_GETREGSET, tid, NT_X86_XSTATE, &v, "get FPU state");
	if (r < 0)
		return r;
	ret->len += v.iov_len;
	return 0;
}

int regs_set_xstate(struct ctx *cx, pid_t tid, const void *p, size_t len)
{
	struct iovec v = { (void *) p, len };

	return request(cx, PTRACE_SETREGSET, tid, NT_X86_XSTATE, &v, "set FPU state");
}

int regs_get_sigmask(struct ctx *cx, pid_t tid, uint64_t *ret)
{
	return request(cx, PTRACE_GETSIGMASK, tid, sizeof *ret, ret, "get signal mask");
}

int regs_set_sigmask(struct ctx *cx, pid_t tid, uint64_t mask)
{
	return request(cx, PTRACE_SETSIGMASK, tid, sizeof mask, &mask, "set signal mask");
}

int regs_get_tls(struct ctx *cx, pid_t tid, unsigned index, struct tls_entry *ret)
{
	struct user_desc d = { 0 };
	int r = request(cx, PTRACE_GET_THREAD_AREA, tid, TLS_FIRST + index, &d, "get TLS entry");

	if (r < 0)
		return r;
	*ret = (struct tls_entry){
		.number = d.entry_number,
		.base = d.base_addr,
		.limit = d.limit,
		.flags = d.seg_32bit | (uint32_t) d.contents << 1 | d.read_exec_only << 3 |
			 d.limit_in_pages << 4 | d.seg_not_present << 5 | d.useable << 6,
	};
	return 0;
}

int regs_set_tls(struct ctx *cx, pid_t tid, unsigned index, const struct tls_entry *e)
{
	struct user_desc d = { 0 };

	d.entry_number = TLS_FIRST + index;
	d.base_addr = e->base;
	d.limit = e->limit;
	d.seg_32bit = e->flags & 1;
	d.contents = e->flags >> 1 & 3;
	d.read_exec_only = e->flags >> 3 & 1;
	d.limit_in_pages = e->flags >> 4 & 1;
	d.seg_not_present = e->flags >> 5 & 1;
	d.useable = e->flags >> 6 & 1;
	return request(cx, PTRACE_SET_THREAD_AREA, tid, TLS_FIRST + index, &d, "set TLS entry");
}

int regs_get_debug(struct ctx *cx, pid_t tid, unsigned number, uint64_t *ret)
{
	long v;

	errno = 0;
	v = ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user, u_debugreg[0]) + 8 * number, 0);
	if (v == -1 && errno)
		return fail(cx, -errno, "thread %d: get debug register %u", (int) tid, number);
	*ret = (uint64_t) v;
	return 0;
}

int regs_get_rseq(struct ctx *cx, pid_t tid, struct rseq_registration *ret)
{
	struct __ptrace_rseq_configuration c = { 0 };
	long r = ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof c, &c);

	if (r < 0 && errno == EIO)
		return fail(cx, ERR_UNSUPPORTED,
			    "this kernel does not tell of rseq registrations: needs Linux 5.13");
	if (r < 0)
		return fail(cx, -errno, "thread %d: get rseq registration", (int) tid);
	*ret = (struct rseq_registration){ c.rseq_abi_pointer, c.rseq_abi_size, c.signature };
	return 0;
}

/* linux/ptrace.h of v6.4; Debian 12's header is older. */
#define GET_DISPATCH 0x4211
struct dispatch {
	uint64_t mode, selector, offset, len;
};

int regs_get_dispatch(struct ctx *cx, pid_t tid, bool *ret)
{
	struct dispatch d = { 0 };

	if (ptrace(GET_DISPATCH, tid, sizeof d, &d) < 0 && errno != EIO && errno != EINVAL)
		return fail(cx, -errno, "thread %d: get syscall user dispatch", (int) tid);
	*ret = d.mode != 0;
	return 0;
}

int regs_get_pending(struct ctx *cx, pid_t tid, int shared, struct buf *ret)
{
	struct __ptrace_peeksiginfo_args args = {
		.flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0,
		.nr = 32,
	};

	for (;;) {
		void *to = buf_grow(ret, (size_t) args.nr * SIGINFO_SIZE);
		long n;

		if (!to)
			return fail(cx, -ENOMEM, "thread %d: get pending signals", (int) tid);
		n = ptrace(PTRACE_PEEKSIGINFO, tid, &args, to);
		ret->len -= (size_t) (args.nr - (n > 0 ? n : 0)) * SIGINFO_SIZE;
		if (n < 0)
			return fail(cx, -errno, "thread %d: get pending signals", (int) tid);
		if (n < args.nr)
			return 0;
		args.off += (uint64_t) n;
	}
}

bool regs_reissue_call(struct gregs *g, const uint16_t *not_restarted)
{
	if ((int64_t) g->orig_rax < 0 || (int64_t) g->rax != -EINTR)
		return false;
	for (; *not_restarted; not_restarted++)
		if (g->orig_rax == *not_restarted) {
			g->rax = (uint64_t) -RESTARTNOHAND;
			return true;
		}
	return false;
}

void regs_restart_call(struct gregs *g)
{
	if ((int64_t) g->orig_rax < 0)
		return;
	switch (-(int64_t) g->rax) {
	case RESTARTSYS:
	case RESTARTNOINTR:
	case RESTARTNOHAND:
	case RESTART_RESTARTBLOCK:
		g->rax = g->orig_rax;
		g->rip -=
			2; /* syscall, sysenter's landing place and int $0x80 are two bytes each */
		break;
	default:
		break;
	}
	g->orig_rax = (uint64_t) -1;
}
