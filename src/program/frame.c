/*
 * frame.c - struct rt_sigframe of x86-64 without its first word, as arch/x86/kernel/signal_64.c
 * reads it: struct ucontext (asm/ucontext.h, asm/sigcontext.h), then the FPU state with its two
 * magic numbers.
 */
#include "program/frame.h"

#include <asm/sigcontext.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "tracee/regs.h"

/* asm/ucontext.h; the names are not reachable beside glibc's own ucontext. */
#define UC_FP_XSTATE	     1
#define UC_SIGCONTEXT_SS     2
#define UC_STRICT_RESTORE_SS 4

#define LEGACY_SIZE    512 /* FXSAVE area */
#define HEADER_SIZE    64  /* XSAVE header behind it */
#define SOFTWARE_BYTES 464 /* of the FXSAVE area: struct _fpx_sw_bytes */

struct frame {
	uint64_t flags, link;
	uint64_t stack_sp;
	uint32_t stack_flags, stack_pad;
	uint64_t stack_size;
	struct sigcontext_64 context;
	uint64_t sigmask;
};

_Static_assert(offsetof(struct frame, stack_sp) == FRAME_ALTSTACK,
	       "the altstack is where frame.h says");

static size_t fpu_offset(void)
{
	return (sizeof(struct frame) + 63) & ~(size_t) 63;
}

size_t frame_size(size_t xstate_len)
{
	return (fpu_offset() + xstate_len + FP_XSTATE_MAGIC2_SIZE + 63) & ~(size_t) 63;
}

static void put_fpu(char *to, const void *xstate, size_t len)
{
	struct _fpx_sw_bytes sw = { 0 };
	uint32_t magic2 = FP_XSTATE_MAGIC2;

	memcpy(to, xstate, len);
	if (len < LEGACY_SIZE + HEADER_SIZE)
		return;
	sw.magic1 = FP_XSTATE_MAGIC1;
	sw.extended_size = (uint32_t) len + FP_XSTATE_MAGIC2_SIZE;
	sw.xstate_size = (uint32_t) len;
	/* ptrace leaves the mask of the components that the kernel uses where the software bytes
	 * are. */
	memcpy(&sw.xfeatures, (const char *) xstate + SOFTWARE_BYTES, sizeof sw.xfeatures);
	memcpy(to + SOFTWARE_BYTES, &sw, sizeof sw);
	memcpy(to + len, &magic2, sizeof magic2);
}

int frame_build(struct ctx *cx, uint64_t at, const struct gregs *g, const void *xstate,
		size_t xstate_len, uint64_t sigmask, struct buf *out)
{
	struct frame f = {
		.flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
		.stack_flags = 2, /* SS_DISABLE until the list has asked for it */
		.context = {
			.r8 = g->r8, .r9 = g->r9, .r10 = g->r10, .r11 = g->r11,
			.r12 = g->r12, .r13 = g->r13, .r14 = g->r14, .r15 = g->r15,
			.di = g->rdi, .si = g->rsi, .bp = g->rbp, .bx = g->rbx,
			.dx = g->rdx, .ax = g->rax, .cx = g->rcx, .sp = g->rsp,
			.ip = g->rip, .flags = g->rflags,
			.cs = (uint16_t) g->cs, .ss = (uint16_t) g->ss,
			.fpstate = at + fpu_offset(),
		},
		.sigmask = sigmask,
	};
	size_t size = frame_size(xstate_len);
	char *to = buf_grow(out, size);

	if (!to)
		return fail(cx, -ENOMEM, "build a signal frame");
	memset(to, 0, size);
	memcpy(to, &f, sizeof f);
	put_fpu(to + fpu_offset(), xstate, xstate_len);
	return 0;
}
