/*
 * test_program.c - system call programs: built and printed here, run in a child that must not
 * notice, and left to themselves by a tracer that dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* base/err.h has its own */
#define flunk(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "proc/maps.h"
#include "proc/procfs.h"
#include "program/program.h"
#include "program/visit.h"
#include "tracee/seize.h"

#define BASE UINT64_C(0x10000000)

/* --- building */

static const struct op *op_of(const struct program *p, unsigned i)
{
	return (const struct op *) p->ops.p + i;
}

static char *printed(const struct program *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	program_print(p, f);
	(void) fclose(f);
	return text;
}

static void test_build(void **state)
{
	_program_ struct program p;
	struct ctx cx = { 0 };
	unsigned first, second, third;
	uint32_t a, b;
	uint64_t pointer;

	(void) state;
	program_init(&p, &abi_i386);
	a = program_data(&p, "abc", 3);
	b = program_data(&p, NULL, 8);
	assert_int_equal(b, 16); /* aligned */
	program_pointer(&p, b, a);
	first = program_native(&p, OP_MUST, mmap, VAL(0), VAL(4096));
	second = program_own(&p, OP_EQUAL, munmap, RESULT(first), VAL(4096));
	program_aux(&p, second, 7);
	third = program_native(&p, 0, prctl, VAL(1), VAL(2), VAL(3), VAL(4), AT(b));
	assert_int_equal(program_err(&p), 0);
	assert_int_equal(program_count(&p), 3);
	assert_int_equal(program_size(&p), 3 * sizeof(struct op) + 24);
	assert_int_equal(op_of(&p, first)->nr, 9);
	assert_int_equal(op_of(&p, first)->flags, OP_MUST); /* the 64-bit way whatever the task */
	assert_int_equal(op_of(&p, second)->nr, 91);
	assert_int_equal(op_of(&p, second)->flags, OP_EQUAL | OP_IA32 | OP_REF(0));
	assert_true(op_of(&p, third)->ret == OP_NOT_RUN);

	assert_int_equal(program_place(&cx, &p, BASE), 0);
	assert_int_equal(program_op_address(&p, second), BASE + sizeof(struct op));
	assert_int_equal(op_of(&p, second)->arg[0], BASE + offsetof(struct op, ret));
	assert_int_equal(op_of(&p, third)->arg[4], program_data_address(&p, b));
	assert_int_equal(program_data_address(&p, b), BASE + 3 * sizeof(struct op) + 16);
	memcpy(&pointer, program_data_at(&p, b), sizeof pointer);
	assert_int_equal(pointer, program_data_address(&p, a));
	assert_memory_equal(program_data_at(&p, a), "abc", 3);
}

static void test_print(void **state)
{
	_program_ struct program p;
	_free_ char *before = NULL, *after = NULL;
	struct ctx cx = { 0 };
	char text[64], tiny[8];
	unsigned op;

	(void) state;
	program_init(&p, &abi_i386);
	p.who = "first";
	(void) program_native(&p, OP_MUST, mmap, VAL(0x5000), VAL(4095), AT(0), VAL(0));
	p.who = "second";
	op = program_own(&p, OP_EQUAL, munmap, RESULT(0));
	program_aux(&p, op, 0x12);
	op = program_native(&p, OP_CHILD, clone, VAL(0));
	program_aux(&p, op, 3);
	(void) program_native(&p, OP_FINAL, exit, VAL(0), VAL(0));
	(void) program_data(&p, NULL, 16);
	before = printed(&p);
	assert_string_equal(before,
			    "    0  first        mmap(0x5000, 4095, data+0x0)  must succeed\n"
			    "    1  second       munmap(result of 0)  ia32  must be 0x12\n"
			    "    2  second       clone()  child goes on at 3\n"
			    "    3  second       exit()  final\n");
	assert_int_equal(program_place(&cx, &p, BASE), 0);
	after = printed(&p);
	assert_string_equal(after, before);
	program_describe(&p, 1, text, sizeof text);
	assert_string_equal(text, "second: munmap(result of 0)");
	program_describe(&p, 1, tiny, sizeof tiny);
	assert_int_equal(strlen(tiny), sizeof tiny - 1);
}

/* --- a child that computes until it is told to stop, and then says whether it is whole */

struct shared {
	volatile uint32_t ready, stop;
	uint64_t in[2][2], out[2][2]; /* what xmm7 and xmm15 are to hold, and held */
};

static char altstack[65536];

/* Adds to ready for ever with two vector registers in use; r15, r14 and r12 are those that the
 * interpreter uses itself. */
static uint64_t spin(struct shared *s)
{
	uint64_t r15 = 15, r14 = 14, r12 = 12;

	__asm__ volatile("movdqu %[in0], %%xmm7\n"
			 "movdqu %[in1], %%xmm15\n"
			 "movq $15, %%r15\n"
			 "movq $14, %%r14\n"
			 "movq $12, %%r12\n"
			 "1: movl $1, %[ready]\n"
			 "cmpl $0, %[stop]\n"
			 "je 1b\n"
			 "movdqu %%xmm7, %[out0]\n"
			 "movdqu %%xmm15, %[out1]\n"
			 "movq %%r15, %[r15]\n"
			 "movq %%r14, %[r14]\n"
			 "movq %%r12, %[r12]\n"
			 : [ready] "=m"(s->ready), [out0] "=m"(s->out[0]), [out1] "=m"(s->out[1]),
			   [r15] "=m"(r15), [r14] "=m"(r14), [r12] "=m"(r12)
			 : [in0] "m"(s->in[0]), [in1] "m"(s->in[1]), [stop] "m"(s->stop)
			 : "xmm7", "xmm15", "r15", "r14", "r12", "memory", "cc");
	return r15 << 16 | r14 << 8 | r12;
}

static int wait_to_stop(struct shared *s)
{
	s->ready = 1;
	while (!s->stop)
		if (usleep(100000) < 0 && errno == EINTR)
			return 5;
	return 0;
}

static void set_scene(void)
{
	stack_t stack = { .ss_sp = altstack, .ss_size = sizeof altstack };
	sigset_t mask;

	(void) sigaltstack(&stack, NULL);
	(void) sigemptyset(&mask);
	(void) sigaddset(&mask, SIGUSR1);
	(void) sigprocmask(SIG_SETMASK, &mask, NULL);
	(void) umask(027);
}

static int scene_unchanged(void)
{
	stack_t stack;
	sigset_t mask;

	(void) sigaltstack(NULL, &stack);
	(void) sigprocmask(SIG_SETMASK, NULL, &mask);
	if (stack.ss_sp != altstack || stack.ss_size != sizeof altstack || stack.ss_flags)
		return 2;
	if (!sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGUSR2) ||
	    sigismember(&mask, SIGTERM))
		return 3;
	return umask(0) == 027 ? 0 : 4;
}

static void child(struct shared *s, bool sleeps)
{
	int r;

	set_scene();
	if (sleeps)
		r = wait_to_stop(s);
	else
		r = spin(s) != (15 << 16 | 14 << 8 | 12) || memcmp(s->in, s->out, sizeof s->in);
	_exit(r ? r : scene_unchanged());
}

static struct shared *share(void)
{
	struct shared *s =
		mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memcpy(s->in, "sixteen bytes in\x01\x02 and sixteen..", sizeof s->in);
	return s;
}

static pid_t begin(struct shared *s, bool sleeps)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		child(s, sleeps);
	}
	while (!s->ready)
		(void) usleep(1000);
	return pid;
}

static void end(struct shared *s, pid_t pid)
{
	int status = -1;

	s->stop = 1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void) munmap(s, sizeof *s);
}

/* --- visiting it */

struct guest {
	struct ctx cx;
	pid_t pid;
	struct seizure seizure;
	struct maps maps;
	struct thread_state leader;
	struct visit visit;
	uint64_t caught, ignored;
};

static void stop_guest(struct guest *g, pid_t pid)
{
	_buf_ struct buf b = { 0 };
	struct thread_state *t = &g->leader;

	*g = (struct guest){ .pid = pid, .leader = { .tid = pid } };
	assert_int_equal(seize_process(&g->cx, pid, &g->seizure), 0);
	assert_int_equal(maps_read(&g->cx, pid, &g->maps), 0);
	assert_int_equal(regs_get(&g->cx, pid, &t->regs), 0);
	assert_int_equal(regs_get_xstate(&g->cx, pid, &t->xstate), 0);
	assert_int_equal(regs_get_sigmask(&g->cx, pid, &t->sigmask), 0);
	assert_int_equal(procfs_read(&g->cx, pid, "status", &b), 0);
	assert_int_equal(procfs_number(b.p, "SigCgt", 16, &g->caught), 0);
	assert_int_equal(procfs_number(b.p, "SigIgn", 16, &g->ignored), 0);
}

static void begin_visit(struct guest *g, size_t room)
{
	const struct abi *abi =
		g->leader.regs.cs == abi_i386.code_segment ? &abi_i386 : &abi_x86_64;

	if (visit_begin(&g->cx, &g->maps, abi, &g->leader, g->caught, g->ignored, room, &g->visit) <
	    0)
		flunk("visit_begin: %s\n", g->cx.why);
}

static void release_guest(struct guest *g)
{
	seizure_done(&g->seizure);
	maps_done(&g->maps);
	buf_done(&g->leader.xstate);
}

static void run(struct guest *g, struct program *p)
{
	if (visit_run(&g->cx, &g->visit, &g->leader, p, NULL, NULL) < 0)
		flunk("visit_run: %s\n", g->cx.why);
}

static void begin_program(struct guest *g, struct program *p)
{
	program_init(p, g->leader.regs.cs == abi_i386.code_segment ? &abi_i386 : &abi_x86_64);
	visit_begin_list(&g->visit, p);
}

/* Calls that use results, data, both ways to call; nothing of it stays. */
static void visit_twice(struct guest *g)
{
	for (unsigned i = 0; i < 2; i++) {
		_program_ struct program p;
		unsigned old, back, map, unmap, mask, own;
		uint64_t seen = 0;
		uint32_t at;

		begin_program(g, &p);
		old = program_own(&p, OP_MUST, umask, VAL(0123));
		back = program_native(&p, OP_EQUAL, umask, RESULT(old));
		program_aux(&p, back, 0123);
		/* A native mmap places nothing by itself in an i386 task: its hole is above 4 GiB.
		 */
		map = program_own(&p, OP_MUST, mmap, VAL(0), VAL(8192), VAL(PROT_READ),
				  VAL(MAP_PRIVATE | MAP_ANONYMOUS), VAL(-1), VAL(0));
		unmap = program_native(&p, OP_MUST, munmap, RESULT(map), VAL(8192));
		at = program_data(&p, NULL, 16);
		mask = program_native(&p, OP_MUST, rt_sigprocmask, VAL(0), VAL(0), AT(at), VAL(8));
		own = program_own(&p, 0, munmap, VAL(1), VAL(1)); /* not aligned */
		visit_end_list(&g->visit, &g->leader, &p);
		run(g, &p);
		assert_int_equal(program_result(&p, old), 027);
		assert_int_equal(program_result(&p, back), 0123);
		assert_true(program_result(&p, map) > 0);
		assert_int_equal(program_result(&p, unmap), 0);
		assert_int_equal(program_result(&p, mask), 0);
		assert_int_equal(program_result(&p, own), -EINVAL);
		memcpy(&seen, program_data_at(&p, at), sizeof seen);
		assert_true(seen != 0); /* our mask: all but one signal */
	}
}

/* What ends a list early, and where it goes on. */
static void visit_failing(struct guest *g, bool equal)
{
	_program_ struct program p;
	unsigned good, bad, skipped, final;

	begin_program(g, &p);
	good = program_native(&p, OP_EQUAL, umask, VAL(027));
	program_aux(&p, good, 027);
	bad = equal ? program_native(&p, OP_EQUAL, umask, VAL(027))
		    : program_native(&p, OP_MUST, munmap, VAL(1), VAL(1));
	program_aux(&p, bad, 1);
	skipped = program_native(&p, OP_MUST, umask, VAL(0));
	final = program_native(&p, OP_FINAL, brk, VAL(0));
	visit_end_list(&g->visit, &g->leader, &p);
	run(g, &p);
	assert_int_equal(program_result(&p, good), 027);
	assert_int_equal(program_result(&p, bad), equal ? 027 : -EINVAL);
	assert_true(program_result(&p, skipped) == OP_NOT_RUN);
	assert_true(program_result(&p, final) > 0);
}

/* A child with a list of its own, which nobody outside gets to know. */
static unsigned add_child(struct guest *g, struct program *p, unsigned *ret_wait, uint32_t *ret_at)
{
	unsigned clone, list;

	*ret_at = program_data(p, NULL, 16);
	clone = program_native(p, OP_MUST | OP_CHILD, clone, VAL(0), VAL(0), VAL(0), VAL(0),
			       VAL(0));
	*ret_wait =
		program_native(p, OP_MUST, wait4, RESULT(clone), AT(*ret_at), VAL(__WALL), VAL(0));
	visit_end_list(&g->visit, &g->leader, p);
	list = program_native(p, 0, exit_group, VAL(7));
	program_aux(p, clone, list);
	return clone;
}

static void visit_child(struct guest *g)
{
	_program_ struct program p;
	unsigned clone, wait;
	uint32_t at;
	int status;

	begin_program(g, &p);
	clone = add_child(g, &p, &wait, &at);
	run(g, &p);
	assert_true(program_result(&p, clone) > 0);
	assert_int_equal(program_result(&p, wait), program_result(&p, clone));
	memcpy(&status, program_data_at(&p, at), sizeof status);
	assert_int_equal(status, 7 << 8);
}

/* Maps and descriptors, as text. */
static char *belongings(pid_t pid)
{
	_buf_ struct buf b = { 0 };
	_free_ uint64_t *fds = NULL;
	struct ctx cx = { 0 };
	size_t n = 0;

	assert_int_equal(procfs_read(&cx, pid, "maps", &b), 0);
	assert_int_equal(procfs_list(&cx, pid, "fd", &fds, &n), 0);
	for (size_t i = 0; i < n; i++) {
		char text[32];

		buf_put(&b, text,
			(size_t) snprintf(text, sizeof text, "fd %u\n", (unsigned) fds[i]));
	}
	buf_put(&b, "", 1);
	return take_ptr(b.p);
}

static void assert_untouched(struct guest *g)
{
	struct gregs regs;
	_buf_ struct buf xstate = { 0 };
	uint64_t mask;

	assert_int_equal(regs_get(&g->cx, g->pid, &regs), 0);
	assert_memory_equal(&regs, &g->leader.regs, sizeof regs);
	assert_int_equal(regs_get_xstate(&g->cx, g->pid, &xstate), 0);
	assert_int_equal(xstate.len, g->leader.xstate.len);
	/* XSTATE_BV says which components the CPU takes for used, whatever they hold: it may
	 * differ. */
	memcpy((char *) xstate.p + 512, (char *) g->leader.xstate.p + 512, 8);
	assert_memory_equal(xstate.p, g->leader.xstate.p, xstate.len);
	assert_int_equal(regs_get_sigmask(&g->cx, g->pid, &mask), 0);
	assert_true(mask == g->leader.sigmask);
}

static void visit_all(pid_t pid)
{
	_free_ char *before = belongings(pid), *after = NULL;
	struct guest g;

	stop_guest(&g, pid);
	begin_visit(&g, 65536);
	visit_twice(&g);
	assert_untouched(&g);
	visit_failing(&g, false);
	visit_failing(&g, true);
	visit_child(&g);
	visit_done(&g.visit);
	assert_untouched(&g);
	after = belongings(pid);
	assert_string_equal(after, before);
	release_guest(&g);
}

static void test_visit_spinning(void **state)
{
	struct shared *s = share();
	pid_t pid = begin(s, false);

	(void) state;
	for (int i = 0; i < 5; i++)
		visit_all(pid);
	end(s, pid);
}

static void test_visit_sleeping(void **state)
{
	struct shared *s = share();
	pid_t pid = begin(s, true);

	(void) state;
	for (int i = 0; i < 5; i++)
		visit_all(pid);
	end(s, pid);
}

static void test_too_long(void **state)
{
	struct shared *s = share();
	pid_t pid = begin(s, false);
	_program_ struct program p;
	struct guest g;

	(void) state;
	stop_guest(&g, pid);
	begin_visit(&g, 4096);
	begin_program(&g, &p);
	(void) program_data(&p, NULL, 1 << 20);
	visit_end_list(&g.visit, &g.leader, &p);
	assert_int_equal(visit_run(&g.cx, &g.visit, &g.leader, &p, NULL, NULL), -E2BIG);
	visit_done(&g.visit);
	assert_untouched(&g);
	release_guest(&g);
	end(s, pid);
}

/* --- a tracer that dies */

enum { DIE_SEIZED, DIE_BEGUN, DIE_IN_EVENT, DIE_AFTER_RUN, DIE_DONE, DIE_STEPS };

static int die(struct ctx *cx, void *arg, pid_t tid, int event)
{
	(void) cx;
	(void) arg;
	(void) tid;
	(void) event;
	return kill(getpid(), SIGKILL);
}

static void die_at(pid_t pid, int step)
{
	_program_ struct program p;
	struct guest g;
	unsigned wait;
	uint32_t at;

	stop_guest(&g, pid);
	if (step == DIE_SEIZED)
		(void) raise(SIGKILL);
	begin_visit(&g, 65536);
	if (step == DIE_BEGUN)
		(void) raise(SIGKILL);
	if (step == DIE_IN_EVENT)
		(void) tracee_set_options(&g.cx, pid, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE);
	begin_program(&g, &p);
	(void) add_child(&g, &p, &wait, &at);
	(void) visit_run(&g.cx, &g.visit, &g.leader, &p, step == DIE_IN_EVENT ? die : NULL, NULL);
	if (step == DIE_AFTER_RUN)
		(void) raise(SIGKILL);
	visit_done(&g.visit);
	(void) raise(SIGKILL);
}

/* The list is so long that the tracer is killed while it runs. */
static void run_for_long(pid_t pid)
{
	struct guest g;

	stop_guest(&g, pid);
	begin_visit(&g, 8 << 20);
	for (;;) {
		struct ctx cx = { 0 };
		_program_ struct program again;

		begin_program(&g, &again);
		for (unsigned i = 0; i < 50000; i++)
			(void) program_native(&again, 0, umask, VAL(027));
		visit_end_list(&g.visit, &g.leader, &again);
		(void) visit_run(&cx, &g.visit, &g.leader, &again, NULL, NULL);
	}
}

static void reap_killed(pid_t tracer)
{
	int status;

	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_tracer_dies(void **state)
{
	(void) state;
	for (int i = 0; i < 2 * DIE_STEPS; i++) {
		struct shared *s = share();
		pid_t pid = begin(s, i % 2), tracer = fork();

		if (tracer == 0) {
			die_at(pid, i / 2);
			_exit(1);
		}
		reap_killed(tracer);
		(void) usleep(20000);
		end(s, pid);
	}
}

/* At instants that nobody chose.  Twice on the same process: what the first left behind is in
 * nobody's way. */
static void test_tracer_dies_anywhere(void **state)
{
	(void) state;
	for (unsigned i = 0; i < 10; i++) {
		struct shared *s = share();
		pid_t pid = begin(s, i % 2);

		for (unsigned again = 0; again < 2; again++) {
			pid_t tracer = fork();

			if (tracer == 0) {
				run_for_long(pid);
				_exit(1);
			}
			(void) usleep(1000 + 3777 * i);
			assert_int_equal(kill(tracer, SIGKILL), 0);
			reap_killed(tracer);
			(void) usleep(100000);
		}
		end(s, pid);
	}
}

/* --- i386 */

static const char source32[] = "#include <unistd.h>\n"
			       "#include <sys/stat.h>\n"
			       "int main(int argc, char **argv) {\n"
			       "  volatile double sum = 0; volatile unsigned n = 0;\n"
			       "  (void) argc; umask(027); if (write(1, \"x\", 1) != 1) return 2;\n"
			       "  while (access(argv[1], F_OK)) { sum += 0.5; n++; usleep(500); }\n"
			       "  return sum * 2 == n && umask(0) == 027 ? 0 : 1;\n"
			       "}\n";

static pid_t begin32(const char *dir)
{
	char path[96], stop[96], byte;
	int ready[2];
	pid_t pid;

	(void) snprintf(path, sizeof path, "%s/prog", dir);
	(void) snprintf(stop, sizeof stop, "%s/stop", dir);
	assert_int_equal(pipe2(ready, 0), 0);
	pid = fork();
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) dup2(ready[1], 1);
		(void) execl(path, path, stop, NULL);
		_exit(127);
	}
	(void) close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	(void) close(ready[0]);
	return pid;
}

static bool build32(const char *dir)
{
	char command[256];
	FILE *f;

	(void) snprintf(command, sizeof command, "%s/prog.c", dir);
	f = fopen(command, "we");
	(void) fputs(source32, f);
	(void) fclose(f);
	(void) snprintf(command, sizeof command,
			"${CC:-gcc} -m32 -O1 -o %s/prog %s/prog.c >/dev/null 2>&1", dir, dir);
	return system(command) == 0;
}

static void remove_dir(const char *dir)
{
	char command[128];

	(void) snprintf(command, sizeof command, "rm -rf %s", dir);
	(void) system(command);
}

static void end32(const char *dir, pid_t pid)
{
	char stop[96];
	int status = -1;

	(void) snprintf(stop, sizeof stop, "%s/stop", dir);
	(void) fclose(fopen(stop, "we"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void) unlink(stop);
}

static void test_visit_32(void **state)
{
	char dir[] = "/tmp/test_program.XXXXXX";
	pid_t pid, tracer;

	(void) state;
	assert_non_null(mkdtemp(dir));
	if (!build32(dir)) {
		remove_dir(dir);
		print_message("no -m32 test program can be built here\n");
		skip();
	}
	pid = begin32(dir);
	assert_true(pid > 0);
	for (int i = 0; i < 5; i++)
		visit_all(pid);
	end32(dir, pid);
	for (int step = 0; step < DIE_STEPS; step++) {
		pid = begin32(dir);
		tracer = fork();
		if (tracer == 0) {
			die_at(pid, step);
			_exit(1);
		}
		reap_killed(tracer);
		(void) usleep(20000);
		end32(dir, pid);
	}
	remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_visit_spinning),
		cmocka_unit_test(test_visit_sleeping),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_tracer_dies),
		cmocka_unit_test(test_tracer_dies_anywhere),
		cmocka_unit_test(test_visit_32),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
