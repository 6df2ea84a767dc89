/*
 * sigpending - signals that wait for a thread, or (with the leader's record) for the process.
 *
 * State:    siginfo of each, in order.
 * Read:     ptrace(PTRACE_PEEKSIGINFO), for the thread and shared.
 * Rebuild:  rt_tgsigqueueinfo and rt_sigqueueinfo by the process to itself, which alone may give a
 *           siginfo as it was (kill(2), signal.h: si_code); every signal is blocked meanwhile.
 * Lost:     a SIGSTOP that came while the process stood still already; a POSIX timer behind a
 *           signal (they are refused).
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "obj/object.h"
#include "program/program.h"

struct sigpending {
	struct bytes own, shared; /* siginfo, 128 bytes each, layout of a 64-bit task */
};

static const struct field sigpending_fields[] = {
	FIELD(sigpending, F_BYTES, own),
	FIELD(sigpending, F_BYTES, shared),
};

#define SIGINFO_SIZE 128
#define MAX_PENDING  (1 << 16)

static bool leads(const struct seen *s)
{
	return s->thread == s->target->thread;
}

static bool sigpending_match(const struct seen *s)
{
	return s->thread->pending.len || (leads(s) && s->target->pending.len);
}

/* All but SIGSTOP: no mask holds it, and the process that gets it at restart is not the one that stood. */
static int copy(struct ctx *cx, const struct buf *from, struct bytes *to)
{
	_buf_ struct buf kept = { 0 };

	for (size_t at = 0; at + SIGINFO_SIZE <= from->len; at += SIGINFO_SIZE) {
		int32_t sig;

		memcpy(&sig, (const char *) from->p + at, sizeof sig);
		if (sig != SIGSTOP)
			buf_put(&kept, (const char *) from->p + at, SIGINFO_SIZE);
	}
	if (buf_err(&kept))
		return fail(cx, -ENOMEM, "collect");
	*to = (struct bytes){ take_ptr(kept.p), kept.len };
	return 0;
}

static int sigpending_collect(struct ctx *cx, const struct seen *s, void *obj)
{
	struct sigpending *o = obj;
	int r = copy(cx, &s->thread->pending, &o->own);

	return r < 0 || !leads(s) ? r : copy(cx, &s->target->pending, &o->shared);
}

static int32_t signal_of(const struct bytes *b, size_t i)
{
	int32_t sig;

	memcpy(&sig, (const char *) b->p + i * SIGINFO_SIZE, sizeof sig);
	return sig;
}

static bool plausible(const struct bytes *b)
{
	if (b->len % SIGINFO_SIZE || b->len / SIGINFO_SIZE > MAX_PENDING)
		return false;
	for (size_t i = 0; i < b->len / SIGINFO_SIZE; i++)
		if (signal_of(b, i) < 1 || signal_of(b, i) > 64 || signal_of(b, i) == SIGKILL)
			return false;
	return true;
}

static void sigpending_gate(struct gate *g, const void *obj)
{
	const struct sigpending *o = obj;

	if (!plausible(&o->own) || !plausible(&o->shared))
		gate_problem(g, ERR_DAMAGED, "the image holds no usable siginfo");
}

static uint64_t sigpending_signals(const void *obj)
{
	const struct sigpending *o = obj;
	uint64_t set = 0;

	for (size_t i = 0; i < o->own.len / SIGINFO_SIZE; i++)
		set |= UINT64_C(1) << (signal_of(&o->own, i) - 1);
	for (size_t i = 0; i < o->shared.len / SIGINFO_SIZE; i++)
		set |= UINT64_C(1) << (signal_of(&o->shared, i) - 1);
	return set;
}

static int sigpending_late(struct ctx *cx, struct rebuild *rb, const void *obj)
{
	const struct sigpending *o = obj;
	struct program *p = rb->program;
	uint32_t at = program_data(p, o->own.p, o->own.len);

	(void) cx;
	for (size_t i = 0; i < o->own.len / SIGINFO_SIZE; i++)
		(void) program_native(p, OP_MUST, rt_tgsigqueueinfo, VAL(rb->pid), VAL(rb->tid),
				      VAL(signal_of(&o->own, i)),
				      AT(at + (uint32_t) i * SIGINFO_SIZE));
	at = program_data(p, o->shared.p, o->shared.len);
	for (size_t i = 0; i < o->shared.len / SIGINFO_SIZE; i++)
		(void) program_native(p, OP_MUST, rt_sigqueueinfo, VAL(rb->pid),
				      VAL(signal_of(&o->shared, i)),
				      AT(at + (uint32_t) i * SIGINFO_SIZE));
	return 0;
}

static void show_list(const char *what, const struct bytes *b, FILE *f)
{
	for (size_t i = 0; i < b->len / SIGINFO_SIZE; i++)
		fprintf(f, "%s%s", i ? ", " : what, sigabbrev_np(signal_of(b, i)) ?: "real-time");
}

static void sigpending_show(const void *obj, FILE *f)
{
	const struct sigpending *o = obj;

	show_list("signals wait for the thread: ", &o->own, f);
	if (o->own.len && o->shared.len)
		fputs("; ", f);
	show_list("signals wait for the process: ", &o->shared, f);
}

static void sigpending_summary(const void *obj, FILE *f)
{
	const struct sigpending *o = obj;

	if (o->own.len || o->shared.len)
		sigpending_show(obj, f);
}

const struct obj_ops sigpending_ops = {
	.record = { .kind = 0x22,
		    .version = 1,
		    .name = "sigpending",
		    .size = sizeof(struct sigpending),
		    FIELDS(sigpending_fields) },
	.scope = SCOPE_THREAD,
	.match = sigpending_match,
	.collect = sigpending_collect,
	.gate = sigpending_gate,
	.signals = sigpending_signals,
	.late = sigpending_late,
	.show = sigpending_show,
	.summary = sigpending_summary,
};
