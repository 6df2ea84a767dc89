/*
 * step.c - runs a program and does something to it at one of its system calls.
 *
 * usage: step [-o REPORT] [-n N] [-a kill|int|term|ERRNO] [-b] [-w USEC] [-c CALL] [-t SECONDS]
 * [-l] CMD...
 *
 * Calls are counted from 1, over all threads, from execve on.  At the end of call N (-b: at its
 * beginning) the program is killed, gets a signal, or the call is not made and fails with the error
 * number.  -w: only so many microseconds later; the program does not move meanwhile, but all others
 * do.  -c: not at call N, but at the first from there on that is CALL ("ptrace PTRACE_SEIZE").  -l:
 * REPORT lists all calls.  -t: a program that takes longer is killed and called hung.
 *
 * The last line of REPORT: reached (0 or 1), how it ended (exit N, signal N, hung), the call.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N(name) [SYS_##name] = #name
static const char *const names[] = {
	N(read),
	N(write),
	N(open),
	N(close),
	N(fstat),
	N(lseek),
	N(mmap),
	N(mprotect),
	N(munmap),
	N(brk),
	N(rt_sigaction),
	N(rt_sigprocmask),
	N(ioctl),
	N(pread64),
	N(pwrite64),
	N(access),
	N(madvise),
	N(getpid),
	N(clone),
	N(fork),
	N(vfork),
	N(execve),
	N(exit),
	N(wait4),
	N(kill),
	N(fcntl),
	N(fsync),
	N(ftruncate),
	N(rename),
	N(unlink),
	N(readlink),
	N(uname),
	N(ptrace),
	N(prctl),
	N(arch_prctl),
	N(gettid),
	N(tkill),
	N(futex),
	N(sched_getaffinity),
	N(getdents64),
	N(set_tid_address),
	N(clock_gettime),
	N(exit_group),
	N(tgkill),
	N(openat),
	N(mkdirat),
	N(newfstatat),
	N(unlinkat),
	N(renameat),
	N(readlinkat),
	N(set_robust_list),
	N(dup3),
	N(pipe2),
	N(prlimit64),
	N(process_vm_readv),
	N(process_vm_writev),
	N(kcmp),
	N(renameat2),
	N(getrandom),
	N(memfd_create),
	N(execveat),
	N(statx),
	N(rseq),
	N(clone3),
	N(pidfd_open),
	N(pidfd_getfd),
	N(close_range),
	N(rt_sigpending),
	N(sysinfo),
	N(getuid),
	N(capget),
	N(statfs),
	N(fstatfs),
	N(waitid),
	N(setpgid),
	N(setsid),
	N(socket),
	N(sendmsg),
	N(recvmsg),
	N(pidfd_send_signal),
	N(eventfd2),
	N(dup2),
	N(dup),
	N(rt_sigtimedwait),
	N(signalfd4),
	N(copy_file_range),
	N(mremap),
	N(pwritev),
	N(preadv),
	N(sigaltstack),
	N(sched_yield),
};
#define R(name) [name] = #name
static const char *const requests[] = {
	R(PTRACE_CONT),	   R(PTRACE_KILL),    R(PTRACE_SINGLESTEP),
	R(PTRACE_GETREGS), R(PTRACE_SETREGS), R(PTRACE_ATTACH),
	R(PTRACE_DETACH),  R(PTRACE_SYSCALL), R(PTRACE_PEEKUSER),
};
static const char *const late_requests[] = {
	"SETOPTIONS",
	"GETEVENTMSG",
	"GETSIGINFO",
	"SETSIGINFO",
	"GETREGSET",
	"SETREGSET",
	"SEIZE",
	"INTERRUPT",
	"LISTEN",
	"PEEKSIGINFO",
	"GETSIGMASK",
	"SETSIGMASK",
	"SECCOMP_GET_FILTER",
	"SECCOMP_GET_METADATA",
	"GET_SYSCALL_INFO",
	"GET_RSEQ_CONFIGURATION",
};

static struct {
	long n;
	int action; /* a signal, or -errno */
	bool act, begin, list;
	long wait_us, seconds;
	const char *call; /* NULL: any */
	FILE *report;
} opt = { .seconds = 20, .action = SIGKILL };

static struct call {
	pid_t tid;
	long number; /* in the order of the calls */
	struct __ptrace_syscall_info at;
} in[256];

static long calls;
static bool reached;
static char what[256];
static pid_t child;

static void die(const char *why)
{
	perror(why);
	if (child > 0)
		kill(child, SIGKILL);
	exit(99);
}

static const char *request_name(unsigned long r, char *spare)
{
	const char *name = r < sizeof requests / sizeof *requests ? requests[r] : NULL;

	if (r - 0x4200 < sizeof late_requests / sizeof *late_requests) {
		sprintf(spare, "PTRACE_%s", late_requests[r - 0x4200]);
		return spare;
	}
	if (!name)
		sprintf(spare, "%#lx", r);
	return name ? name : spare;
}

static void describe(const struct call *c, char to[256])
{
	const uint64_t *a = c->at.entry.args;
	unsigned long nr = c->at.entry.nr;
	char name[32], first[64];

	if (nr < sizeof names / sizeof *names && names[nr])
		(void) snprintf(name, sizeof name, "%s", names[nr]);
	else
		(void) snprintf(name, sizeof name, "syscall_%lu", nr);
	if (nr == SYS_ptrace) {
		char spare[64];

		(void) snprintf(first, sizeof first, "%s", request_name(a[0], spare));
	} else {
		(void) snprintf(first, sizeof first, "%#llx", (unsigned long long) a[0]);
	}
	(void) snprintf(to, 256, "%s %s %#llx %#llx %#llx", name, first, (unsigned long long) a[1],
			(unsigned long long) a[2], (unsigned long long) a[3]);
}

static struct call *call_of(pid_t tid)
{
	struct call *spare = NULL;

	for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
		if (in[i].tid == tid)
			return &in[i];
		if (!in[i].tid && !spare)
			spare = &in[i];
	}
	if (!spare)
		die("too many threads");
	spare->tid = tid;
	return spare;
}

static bool what_is(const char *call)
{
	return !strncmp(what, call, strlen(call));
}

static void act(pid_t tid, bool begin)
{
	struct user_regs_struct g;

	reached = true;
	if (opt.wait_us)
		usleep((useconds_t) opt.wait_us);
	if (opt.action > 0) {
		kill(child, opt.action);
		return;
	}
	if (ptrace(PTRACE_GETREGS, tid, 0, &g) < 0)
		die("get registers");
	if (begin)
		g.orig_rax = (unsigned long) -1;
	else
		/* brk(2) tells by where the break is that it could not be moved */
		g.rax = what_is("brk ") ? 0 : (unsigned long) (long) opt.action;
	if (ptrace(PTRACE_SETREGS, tid, 0, &g) < 0)
		die("set registers");
}

static void at_call(pid_t tid)
{
	struct call *c = call_of(tid);
	struct __ptrace_syscall_info now;
	bool begin;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof now, &now) < 0)
		return; /* it is being killed */
	begin = now.op == PTRACE_SYSCALL_INFO_ENTRY;
	if (begin) {
		c->at = now;
		c->number = ++calls;
	} else if (now.op != PTRACE_SYSCALL_INFO_EXIT || !c->number) {
		return;
	}
	if (opt.list && !begin) {
		char text[256];

		describe(c, text);
		fprintf(opt.report, "%ld %lld %s\n", c->number, (long long) now.exit.rval, text);
	}
	if (begin && opt.act && opt.call && !reached && c->number >= opt.n) {
		describe(c, what);
		if (!what_is(opt.call))
			return;
		opt.n = c->number;
		opt.call = NULL;
	}
	if (!opt.act || opt.call || c->number != opt.n)
		return;
	if (begin)
		describe(c, what);
	if (opt.action < 0 || begin == opt.begin)
		act(tid, begin);
}

static void on_time(int sig)
{
	(void) sig;
	kill(child, SIGKILL);
	reached = false;
	strcpy(what, "hung");
}

static int follow(void)
{
	static bool known[1 << 22];
	int status, last = 0;
	pid_t tid;

	known[child] = true;
	for (;;) {
		int sig = 0;

		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return last;
		if (!WIFSTOPPED(status)) {
			call_of(tid)->tid = 0;
			if (tid == child)
				last = status;
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			at_call(tid);
		else if (!(status >> 16) && (WSTOPSIG(status) != SIGSTOP || known[tid]))
			sig = WSTOPSIG(status);
		known[tid] = true;
		(void) ptrace(PTRACE_SYSCALL, tid, 0, (void *) (intptr_t) sig);
	}
}

static int action_of(const char *arg)
{
	if (!strcmp(arg, "kill"))
		return SIGKILL;
	if (!strcmp(arg, "int"))
		return SIGINT;
	if (!strcmp(arg, "term"))
		return SIGTERM;
	for (int e = 1; e < 134; e++)
		if (strerrorname_np(e) && !strcmp(strerrorname_np(e), arg))
			return -e;
	fprintf(stderr, "step: there is no action %s\n", arg);
	exit(2);
}

static void options(int argc, char **argv)
{
	const char *report = "/dev/null";
	int c;

	while ((c = getopt(argc, argv, "+o:n:a:bw:c:t:l")) != -1) {
		switch (c) {
		case 'o':
			report = optarg;
			break;
		case 'n':
			opt.n = atol(optarg);
			opt.act = true;
			break;
		case 'a':
			opt.action = action_of(optarg);
			break;
		case 'b':
			opt.begin = true;
			break;
		case 'w':
			opt.wait_us = atol(optarg);
			break;
		case 'c':
			opt.call = optarg;
			break;
		case 't':
			opt.seconds = atol(optarg);
			break;
		case 'l':
			opt.list = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind == argc)
		exit(2);
	opt.report = fopen(report, "we");
	if (!opt.report)
		die(report);
}

int main(int argc, char **argv)
{
	int status;

	options(argc, argv);
	child = fork();
	if (child == 0) {
		raise(SIGSTOP);
		execv(argv[optind], argv + optind);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, WUNTRACED) < 0)
		die("start");
	if (ptrace(PTRACE_SEIZE, child, 0,
		   PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD) < 0)
		die("seize");
	kill(child, SIGCONT);
	signal(SIGALRM, on_time);
	alarm((unsigned) opt.seconds);
	status = follow();
	fprintf(opt.report, "%d ", reached);
	if (!strcmp(what, "hung"))
		fprintf(opt.report, "hung\n");
	else if (WIFSIGNALED(status))
		fprintf(opt.report, "signal %d %s\n", WTERMSIG(status), what);
	else
		fprintf(opt.report, "exit %d %s\n", WEXITSTATUS(status), what);
	return fclose(opt.report) ? 99 : 0;
}
