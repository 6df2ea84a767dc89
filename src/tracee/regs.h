/*
 * regs.h - a thread's registers as ptrace gives them.
 *
 * struct gregs is the x86-64 view, which a 64-bit tracer gets of i386 threads too: it alone can
 * move such a thread into 64-bit code and back.  Values are as the kernel keeps them (a failed
 * call's rax is sign-extended for both ABIs).
 */
#ifndef TRACEE_REGS_H
#define TRACEE_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct ctx;

struct gregs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, rflags, rsp, ss;
	uint64_t fs_base, gs_base, ds, es, fs, gs;
};

/* One entry of the thread's TLS array in the GDT, struct user_desc of asm/ldt.h field by field. */
struct tls_entry {
	uint32_t number, base, limit, flags;
};
#define TLS_ENTRIES 3
#define TLS_FIRST   12	 /* GDT_ENTRY_TLS_MIN on x86-64; 6 on an i386 kernel */
#define TLS_EMPTY   0x28 /* read_exec_only | seg_not_present: how an unused entry reads */

int regs_get(struct ctx *cx, pid_t tid, struct gregs *ret);
int regs_set(struct ctx *cx, pid_t tid, const struct gregs *g);

/* The XSAVE area in the kernel's uncompacted user format. */
int regs_get_xstate(struct ctx *cx, pid_t tid, struct buf *ret);
int regs_set_xstate(struct ctx *cx, pid_t tid, const void *p, size_t len);

int regs_get_sigmask(struct ctx *cx, pid_t tid, uint64_t *ret);
int regs_set_sigmask(struct ctx *cx, pid_t tid, uint64_t mask);

int regs_get_tls(struct ctx *cx, pid_t tid, unsigned index, struct tls_entry *ret);
int regs_set_tls(struct ctx *cx, pid_t tid, unsigned index, const struct tls_entry *e);

/* What a user debug register holds, 0 to 7. */
int regs_get_debug(struct ctx *cx, pid_t tid, unsigned number, uint64_t *ret);

/* PTRACE_GET_RSEQ_CONFIGURATION, since v5.13; all zero if none is registered. */
struct rseq_registration {
	uint64_t addr;
	uint32_t size, signature;
};
int regs_get_rseq(struct ctx *cx, pid_t tid, struct rseq_registration *ret);

/* Whether the thread's own calls may be taken away from it (syscall user dispatch): such a thread cannot
 * run ours.  Told since v6.4; before, nobody knows. */
int regs_get_dispatch(struct ctx *cx, pid_t tid, bool *ret);

/* The error with which the kernel marks an interrupted call that it would start again by
 * restart_syscall(2). */
#define ERR_RESTARTBLOCK 516

/* Signals pending for one thread, or for its process (shared), as an array of 128-byte siginfo. */
int regs_get_pending(struct ctx *cx, pid_t tid, int shared, struct buf *ret);

/* Whether the thread stands at the end of a call that Linux ends with EINTR when the thread is
 * merely stopped (not_restarted: numbers of such calls); then g says that it
 * is to be issued again, unless a handler runs first.
 */
bool regs_reissue_call(struct gregs *g, const uint16_t *not_restarted);

/* If the thread stands at the end of an interrupted system call that the kernel would start again,
 * sets rip and rax so that running on from these registers alone does so.  A call with a time limit
 * begins again with its whole time (ERESTART_RESTARTBLOCK). */
void regs_restart_call(struct gregs *g);

#endif
