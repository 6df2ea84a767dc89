/*
 * target.c - a process that notices what is done to it.
 *
 * usage: target STATUS [caught]
 *
 * Each thread does one kind of thing whose result it knows, over and over, and looks at its own
 * signal mask and alternate stack between.  The main thread polls STATUS, a shared file that the
 * driver maps as well (lib/harm.py): on request it compares all it can see of itself with what it
 * saw at the start and waits until every thread has made progress since.  A violation is told
 * there and on standard error, and ends the process with status 1.  "caught": a handler for every
 * signal that could be ignored; none may ever run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REGISTERS, CALLS, HANDLER, CPU, WAKER, COUNTING, READER = COUNTING, SLEEPER, THREADS };
enum { ALLOW_SCRATCH = 1, ALLOW_CODE = 2, END = 4 };

/* lib/harm.py knows this layout. */
struct status {
	uint32_t request, reply, flags;
	uint32_t ready, failed, scratch, code, ticks;
	char why[256];
};

static volatile struct status *status;
static volatile uint32_t count[THREADS];
static volatile int ending, waker_gone;
static pid_t tids[THREADS + 1];
static int own_pipe[2], empty_pipe[2], quiet_pipe[2];
static uint32_t never, other, turn;
static char altstack[65536] __attribute__((aligned(64)));

__attribute__((format(printf, 1, 2), noreturn)) static void violation(const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	memcpy((void *) status->why, why, sizeof why);
	status->failed = 1;
	dprintf(2, "target: %s\n", why);
	_exit(1);
}

#define MUST(true_, ...)                                                                           \
	do {                                                                                       \
		if (!(true_))                                                                      \
			violation(__VA_ARGS__);                                                    \
	} while (0)

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void sleep_us(long us)
{
	struct timespec t = { 0, us * 1000 };
	uint64_t from = now_us();
	int r = nanosleep(&t, NULL);

	MUST(r == 0, "nanosleep: %s", strerror(errno));
	MUST(now_us() - from >= (uint64_t) us, "nanosleep woke early");
}

static long futex(uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

/* Mask and alternate stack of the calling thread. */
struct own {
	sigset_t mask;
	stack_t alt;
};

static void own_get(struct own *o)
{
	memset(o, 0, sizeof *o);
	(void) pthread_sigmask(SIG_BLOCK, NULL, &o->mask);
	(void) sigaltstack(NULL, &o->alt);
}

static void own_check(const struct own *before, int who)
{
	struct own o;

	own_get(&o);
	MUST(!memcmp(&o.mask, &before->mask, sizeof o.mask), "thread %d: its signal mask", who);
	MUST(o.alt.ss_sp == before->alt.ss_sp && o.alt.ss_flags == before->alt.ss_flags &&
		     o.alt.ss_size == before->alt.ss_size,
	     "thread %d: its alternate stack", who);
}

/* -- registers: burst() fills all of them, spins, and dumps what they are then */

struct dump {
	unsigned long general[16], flags, segment[4], turns;
	unsigned char x87[112];
	unsigned mxcsr, pad[3];
	unsigned char xmm[16][16];
	unsigned long red_zone[15];
};

int burst(struct dump *d, unsigned long turns);

#ifdef __x86_64__
__asm__(".text\n.globl burst\n.type burst,@function\nburst:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi; push %rsi\n"
	"fninit; fld1; fldpi; fldl2t; fldl2e; fldlg2; fldln2; fldz; fld1\n"
	"push $0x0f7f; fldcw (%rsp); movl $0x5f80, (%rsp); ldmxcsr (%rsp); pop %rax\n"
	"lea table(%rip), %rax\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqu \\n*16(%rax), %xmm\\n\n .endr\n"
	"mov $0x1111222233334444, %rbx\n"
	".irp n,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n mov %rbx, -8*\\n(%rsp)\n .endr\n"
	"mov %rsi, %rcx; xor %eax, %eax; mov $0xa1a2a3a4a5a6a7a8, %rbp; mov $0xb1, %rdx\n"
	"mov $0xc1c2c3c4c5c6c7c8, %rsi; mov $0xd1d2d3d4d5d6d7d8, %rdi\n"
	".irp n,8,9,10,11,12,13,14,15\n mov $0x1234567890ab0000+\\n, %r\\n\n .endr\n"
	"std; stc\n"
	"1: lea 1(%rax), %rax; lea -1(%rcx), %rcx; jrcxz 2f; jmp 1b\n"
	"2: pushfq; cld; push %rdi; mov 24(%rsp), %rdi\n"
	"mov %rax, 168(%rdi); mov %rbx, 8(%rdi); mov %rcx, 16(%rdi); mov %rdx, 24(%rdi)\n"
	"mov %rsi, 32(%rdi); pop %rax; mov %rax, 40(%rdi); mov %rbp, 48(%rdi)\n"
	"pop %rax; mov %rax, 128(%rdi)\n"
	".irp n,8,9,10,11,12,13,14,15\n mov %r\\n, 8*\\n(%rdi)\n .endr\n"
	"xor %eax, %eax; mov %ds, %eax; mov %rax, 136(%rdi); mov %es, %eax; mov %rax, 144(%rdi)\n"
	"mov %fs, %eax; mov %rax, 152(%rdi); mov %gs, %eax; mov %rax, 160(%rdi)\n"
	"fnsave 176(%rdi); stmxcsr 288(%rdi); lea 304(%rdi), %rax\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movdqu %xmm\\n, \\n*16(%rax)\n .endr\n"
	".irp n,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n"
	"mov -8*\\n(%rsp), %rax; mov %rax, 560+8*(\\n-3)(%rdi)\n .endr\n"
	"fninit; push $0x1f80; ldmxcsr (%rsp); pop %rax\n"
	"pop %rsi; pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"xor %eax, %eax; ret\n"
	".section .rodata\ntable: .rept 64\n .long 0x010203 * (. - table + 7)\n .endr\n.text\n");
#else
__asm__(".text\n.globl burst\n.type burst,@function\nburst:\n"
	"push %ebx; push %ebp; push %esi; push %edi\n"
	"fninit; fld1; fldpi; fldl2t; fldl2e; fldlg2; fldln2; fldz; fld1\n"
	"push $0x0f7f; fldcw (%esp); movl $0x5f80, (%esp); ldmxcsr (%esp); pop %eax\n"
	"call 3f\n3: pop %eax\n add $table-3b, %eax\n"
	".irp n,0,1,2,3,4,5,6,7\n movdqu \\n*16(%eax), %xmm\\n\n .endr\n"
	"mov 24(%esp), %ecx; xor %eax, %eax; mov $0xa1a2a3a4, %ebp; mov $0xb1b2b3b4, %edx\n"
	"mov $0xc1c2c3c4, %esi; mov $0xd1d2d3d4, %edi; mov $0x11112222, %ebx\n"
	"std; stc\n"
	"1: lea 1(%eax), %eax; lea -1(%ecx), %ecx; jecxz 2f; jmp 1b\n"
	"2: pushf; cld; push %edi; mov 28(%esp), %edi\n"
	"mov %eax, 84(%edi); mov %ebx, 4(%edi); mov %ecx, 8(%edi); mov %edx, 12(%edi)\n"
	"mov %esi, 16(%edi); pop %eax; mov %eax, 20(%edi); mov %ebp, 24(%edi)\n"
	"pop %eax; mov %eax, 64(%edi)\n"
	"xor %eax, %eax; mov %ds, %eax; mov %eax, 68(%edi); mov %es, %eax; mov %eax, 72(%edi)\n"
	"mov %fs, %eax; mov %eax, 76(%edi); mov %gs, %eax; mov %eax, 80(%edi)\n"
	"fnsave 88(%edi); stmxcsr 200(%edi); lea 216(%edi), %eax\n"
	".irp n,0,1,2,3,4,5,6,7\n movdqu %xmm\\n, \\n*16(%eax)\n .endr\n"
	"fninit; push $0x1f80; ldmxcsr (%esp); pop %eax\n"
	"pop %edi; pop %esi; pop %ebp; pop %ebx\n"
	"xor %eax, %eax; ret\n"
	".data\n.balign 16\ntable: .rept 64\n .long 0x010203 * (. - table + 7)\n .endr\n.text\n");
#endif

#define AT(field, value64, value32)                                                                \
	_Static_assert(offsetof(struct dump, field) == (sizeof(long) == 8 ? value64 : value32),    \
		       #field)
AT(flags, 128, 64);
AT(segment, 136, 68);
AT(turns, 168, 84);
AT(x87, 176, 88);
AT(mxcsr, 288, 200);
AT(xmm, 304, 216);
AT(red_zone, 560, 472);

static const char *differs(const struct dump *a, const struct dump *b)
{
	if (memcmp(a->general, b->general, sizeof a->general))
		return "general registers";
	if ((a->flags ^ b->flags) & 0xcd5)
		return "flags";
	if (memcmp(a->segment, b->segment, sizeof a->segment))
		return "segment registers";
	/* but the addresses of the last instruction and operand, which processors drop at will */
	if (memcmp(a->x87, b->x87, 12) || memcmp(a->x87 + 28, b->x87 + 28, 80))
		return "x87 registers";
	if (a->mxcsr != b->mxcsr || memcmp(a->xmm, b->xmm, sizeof a->xmm))
		return "SSE registers";
	if (memcmp(a->red_zone, b->red_zone, sizeof a->red_zone))
		return "red zone";
	return NULL;
}

static void registers(const struct own *own)
{
	static struct dump first, now;
	const unsigned long turns = 100000;
	const char *what;

	burst(&first, 1);
	while (!ending) {
		burst(&now, turns);
		what = differs(&first, &now);
		MUST(!what, "other %s", what);
		MUST(now.turns == turns, "%lu turns instead of %lu", now.turns, turns);
		own_check(own, REGISTERS);
		count[REGISTERS]++;
		sleep_us(100);
	}
}

/* -- calls with known results */

static void calls(const struct own *own)
{
	pid_t pid = (pid_t) syscall(SYS_getpid), tid = (pid_t) syscall(SYS_gettid);
	struct pollfd nothing = { .fd = empty_pipe[0], .events = POLLIN };
	uint32_t n = 0, back = 0;
	ssize_t r;

	while (!ending) {
		MUST(syscall(SYS_getpid) == pid && syscall(SYS_gettid) == tid, "getpid, gettid");
		n++;
		r = write(own_pipe[1], &n, sizeof n);
		MUST(r == sizeof n, "write: %zd %s", r, strerror(errno));
		r = read(own_pipe[0], &back, sizeof back);
		MUST(r == sizeof back && back == n, "read: %zd %s", r, strerror(errno));
		sleep_us(150);
		r = poll(&nothing, 1, 1);
		MUST(r == 0, "poll: %zd %s", r, r < 0 ? strerror(errno) : "");
		r = futex(&other, FUTEX_WAIT, 1);
		MUST(r == -1 && errno == EAGAIN, "futex of another value: %zd %s", r,
		     strerror(errno));
		/* the waker answers */
		__atomic_store_n(&turn, 1, __ATOMIC_SEQ_CST);
		futex(&turn, FUTEX_WAKE, 1);
		while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) == 1 && !waker_gone) {
			r = futex(&turn, FUTEX_WAIT, 1);
			MUST(r == 0 || errno == EAGAIN, "futex wait: %s", strerror(errno));
		}
		own_check(own, CALLS);
		count[CALLS]++;
	}
	__atomic_store_n(&turn, 1, __ATOMIC_SEQ_CST);
	futex(&turn, FUTEX_WAKE, 1);
}

static void waker(const struct own *own)
{
	long r;

	while (!ending) {
		while (!ending && __atomic_load_n(&turn, __ATOMIC_SEQ_CST) == 0) {
			r = futex(&turn, FUTEX_WAIT, 0);
			MUST(r == 0 || errno == EAGAIN, "futex wait: %s", strerror(errno));
		}
		__atomic_store_n(&turn, 0, __ATOMIC_SEQ_CST);
		futex(&turn, FUTEX_WAKE, 1);
		own_check(own, WAKER);
		count[WAKER]++;
	}
	waker_gone = 1;
	__atomic_store_n(&turn, 0, __ATOMIC_SEQ_CST);
	futex(&turn, FUTEX_WAKE, 1);
}

/* -- a handler on an alternate stack, called by an interval timer */

static pid_t handler_tid;

static void on_alarm(int sig, siginfo_t *si, void *uc)
{
	int e = errno;
	char here;

	(void) uc;
	MUST(sig == SIGALRM && si->si_code == SI_KERNEL, "a SIGALRM with code %d", si->si_code);
	MUST(&here >= altstack && &here < altstack + sizeof altstack, "handler on another stack");
	MUST(syscall(SYS_gettid) == handler_tid, "handler in another thread");
	(void) getppid();
	status->ticks++;
	errno = e;
}

static void handler(void)
{
	stack_t alt = { .ss_sp = altstack, .ss_size = sizeof altstack };
	struct sigaction sa = { .sa_sigaction = on_alarm,
				.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	struct itimerval every = { { 0, 700 }, { 0, 700 } };
	sigset_t alarm_only;
	struct own own;
	uint32_t last;

	handler_tid = (pid_t) syscall(SYS_gettid);
	(void) sigaltstack(&alt, NULL);
	(void) sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	(void) pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	own_get(&own);
	(void) setitimer(ITIMER_REAL, &every, NULL);
	while (!ending) {
		volatile unsigned turns = 50000;

		last = status->ticks;
		while (turns)
			turns = turns - 1;
		while (!ending && status->ticks == last)
			(void) poll(NULL, 0, 1); /* the handler may end it */
		own_check(&own, HANDLER);
		count[HANDLER]++;
	}
}

/* -- others */

static void cpu(const struct own *own)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	while (!ending) {
		for (int i = 0; i < 3000; i++) {
			int at = sched_getcpu();

			MUST(at >= 0 && at < cpus, "sched_getcpu: %d", at);
		}
		own_check(own, CPU);
		count[CPU]++;
		sleep_us(100);
	}
}

static void reader(const struct own *own)
{
	char c = 0;
	ssize_t r = read(quiet_pipe[0], &c, 1);

	MUST(r == 1 && c == 'x' && ending, "the long read: %zd %s", r, strerror(errno));
	own_check(own, READER);
}

static void sleeper(const struct own *own)
{
	long r = futex(&never, FUTEX_WAIT, 0);

	MUST((r == 0 || errno == EAGAIN) && ending, "the long futex wait: %ld %s", r,
	     strerror(errno));
	own_check(own, SLEEPER);
}

static void *thread(void *arg)
{
	int who = (int) (intptr_t) arg;
	struct own own;

	tids[who] = (pid_t) syscall(SYS_gettid);
	own_get(&own);
	switch (who) {
	case REGISTERS:
		registers(&own);
		break;
	case CALLS:
		calls(&own);
		break;
	case HANDLER:
		handler();
		break;
	case CPU:
		cpu(&own);
		break;
	case WAKER:
		waker(&own);
		break;
	case READER:
		reader(&own);
		break;
	case SLEEPER:
		sleeper(&own);
		break;
	default:
		break;
	}
	return NULL;
}

/* -- what the process sees of itself */

struct range {
	unsigned long from, to;
	char rest[64];
};

struct self {
	struct range map[256];
	size_t nmaps;
	unsigned long code;
	int fd[64];
	size_t nfds;
	char threads[THREADS + 1][256];
};

static struct self before, after;

static const char *slurp(const char *path)
{
	static char text[65536];
	size_t n = 0;
	ssize_t r;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0, "%s: %s", path, strerror(errno));
	while ((r = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += (size_t) r;
	MUST(r == 0, "%s: %s", path, strerror(errno));
	(void) close(fd);
	text[n] = 0;
	return text;
}

static void see_maps(struct self *s)
{
	const char *line = slurp("/proc/self/maps");
	const unsigned char *vdso;

	s->nmaps = s->code = 0;
	for (; *line; line = strchr(line, '\n') + 1) {
		struct range *m = &s->map[s->nmaps++];

		memset(m, 0, sizeof *m);
		MUST(s->nmaps < 256, "too many mappings");
		MUST(sscanf(line, "%lx-%lx %63[^\n]", &m->from, &m->to, m->rest) == 3, "maps");
		vdso = (const unsigned char *) m->from;
		if (!strstr(m->rest, "[vdso]"))
			continue;
		for (unsigned long i = 0; i < m->to - m->from; i++)
			s->code = s->code * 31 + vdso[i];
	}
}

static void see_fds(struct self *s)
{
	static char entries[8192];
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	s->nfds = 0;
	while ((n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0)
		for (long at = 0; at < n;) {
			struct dirent64 *e = (void *) (entries + at);

			if (e->d_name[0] != '.' && atoi(e->d_name) != dir && s->nfds < 64)
				s->fd[s->nfds++] = atoi(e->d_name);
			at += e->d_reclen;
		}
	(void) close(dir);
}

/* The lines of a thread's status that stay the same; the handler's thread has its mask in motion.
 */
static void see_thread(int who, char to[256])
{
	static const char *const keys[] = { "\nTracerPid:", "\nSigBlk:", "\nSigIgn:",
					    "\nSigCgt:",    "\nSigQ:",	 "\nThreads:",
					    "\nNoNewPrivs:" };
	char path[64];
	const char *text;
	unsigned long long pending = 0, shared = 0;

	(void) snprintf(path, sizeof path, "/proc/self/task/%d/status", (int) tids[who]);
	text = slurp(path);
	to[0] = 0;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *at = strstr(text, keys[i]);
		size_t n = strlen(to);

		if (!at || i == 4 || (who == HANDLER && i == 1))
			continue;
		(void) snprintf(to + n, 256 - n, "%.*s ", (int) strcspn(at + 1, "\n"), at + 1);
	}
	(void) sscanf(strstr(text, "\nSigPnd:") ?: "", "\nSigPnd: %llx", &pending);
	(void) sscanf(strstr(text, "\nShdPnd:") ?: "", "\nShdPnd: %llx", &shared);
	MUST(!(pending & ~(1ull << (SIGALRM - 1))) && !(shared & ~(1ull << (SIGALRM - 1))),
	     "thread %d: pending signals %llx, %llx", who, pending, shared);
}

static void see(struct self *s)
{
	see_maps(s);
	see_fds(s);
	for (int i = 0; i <= THREADS; i++)
		see_thread(i, s->threads[i]);
}

static bool among(const struct range *m, const struct self *s)
{
	for (size_t i = 0; i < s->nmaps; i++)
		if (!memcmp(m, &s->map[i], sizeof *m))
			return true;
	return false;
}

/* A scratch mapping that a killed tool left is counted and unmapped: nothing may miss it. */
static void check_maps(uint32_t flags)
{
	for (size_t i = 0; i < before.nmaps; i++)
		MUST(among(&before.map[i], &after), "mapping gone: %lx-%lx %s", before.map[i].from,
		     before.map[i].to, before.map[i].rest);
	for (size_t i = 0; i < after.nmaps; i++) {
		const struct range *m = &after.map[i];

		if (among(m, &before))
			continue;
		MUST(flags & ALLOW_SCRATCH && !strncmp(m->rest, "rw-p 00000000 00:00 0", 21),
		     "mapping left: %lx-%lx %s", m->from, m->to, m->rest);
		status->scratch++;
		MUST(munmap((void *) m->from, m->to - m->from) == 0, "munmap");
	}
	status->code = before.code != after.code;
	MUST(!status->code || flags & ALLOW_CODE, "code left in the vdso");
}

static void check(uint32_t flags)
{
	int r;

	status->scratch = 0;
	see(&after);
	check_maps(flags);
	MUST(after.nfds == before.nfds && !memcmp(after.fd, before.fd, sizeof(int) * after.nfds),
	     "%zu descriptors, not %zu", after.nfds, before.nfds);
	for (int i = 0; i <= THREADS; i++)
		MUST(!strcmp(before.threads[i], after.threads[i]), "thread %d: %s, was %s", i,
		     after.threads[i], before.threads[i]);
	r = waitpid(-1, NULL, WNOHANG | __WALL);
	MUST(r < 0 && errno == ECHILD, "it has a child: %d", r);
}

/* Every thread has gone all the way round since. */
static void wait_progress(void)
{
	uint32_t from[COUNTING], ticks = status->ticks;
	uint64_t limit = now_us() + 8000000;
	int behind;

	memcpy(from, (const void *) count, sizeof from);
	do {
		behind = -1;
		for (int i = 0; i < COUNTING; i++)
			if (count[i] - from[i] < 2)
				behind = i;
		if (status->ticks - ticks < 2)
			behind = THREADS;
		MUST(now_us() < limit, "thread %d makes no progress", behind);
		sleep_us(100);
	} while (behind >= 0);
}

static void unwanted(int sig)
{
	violation("its handler of signal %d was called", sig);
}

static void catch_all(void)
{
	struct sigaction sa = { .sa_handler = unwanted };

	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGALRM && sig != SIGTERM && sig != SIGABRT)
			(void) sigaction(sig, &sa, NULL);
}

int main(int argc, char **argv)
{
	pthread_t t[THREADS];
	pthread_attr_t small;
	struct own own;
	sigset_t alarm_only;
	int fd = open(argc > 1 ? argv[1] : "", O_RDWR | O_CLOEXEC);

	status = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (status == MAP_FAILED || pipe(own_pipe) < 0 || pipe(empty_pipe) < 0 ||
	    pipe(quiet_pipe) < 0)
		return 99;
	(void) close(fd);
	if (argc > 2)
		catch_all();
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	(void) pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	own_get(&own);
	tids[THREADS] = getpid();
	pthread_attr_init(&small);
	(void) pthread_attr_setstacksize(&small, 262144);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], &small, thread, (void *) (intptr_t) i))
			return 99;
	wait_progress();
	sleep_us(2000);
	see(&before);
	check(0);
	status->ready = 1;

	for (uint32_t done = 0, asked; !ending;) {
		sleep_us(300);
		asked = __atomic_load_n(&status->request, __ATOMIC_SEQ_CST);
		if (asked == done)
			continue;
		wait_progress();
		check(status->flags);
		own_check(&own, THREADS);
		ending = status->flags & END;
		if (!ending)
			__atomic_store_n(&status->reply, asked, __ATOMIC_SEQ_CST);
		done = asked;
	}
	(void) write(quiet_pipe[1], "x", 1);
	never = 1;
	futex(&never, FUTEX_WAKE, 1);
	for (int i = 0; i < THREADS; i++)
		(void) pthread_join(t[i], NULL);
	__atomic_store_n(&status->reply, status->request, __ATOMIC_SEQ_CST);
	return 0;
}
