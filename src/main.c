/*
 * main.c - the command line: picks the command, prints what it says, ends as it ended.
 *
 * Only here is anything printed about failures, and only here does the program end.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/interrupt.h"
#include "cmd/cmd.h"

#ifndef REPRISE_VERSION
#define REPRISE_VERSION "0.1"
#endif

static const struct {
	const char *name;
	cmd_fn *run;
	const char *help;
} commands[] = {
	{ "checkpoint", cmd_checkpoint, "write a running program into an image" },
	{ "restart", cmd_restart, "make the program in an image run again" },
	{ "inspect", cmd_inspect, "show what is in an image" },
};

#define NCOMMANDS (sizeof commands / sizeof *commands)

static void usage(FILE *f)
{
	fputs("usage: reprise COMMAND [OPTION...]\n\n", f);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-11s %s\n", commands[i].name, commands[i].help);
	fputs("\n`reprise COMMAND --help` tells more; so does reprise(1).\n", f);
}

/* One line, whatever a file name or a damaged image put into the reason. */
static void print_reason(const char *name, int err, const char *why)
{
	fprintf(stderr, "reprise: %s: ", name);
	for (const char *p = why; *p; p++)
		fputc((unsigned char) *p < ' ' ? '?' : *p, stderr);
	if (err_is_system(err))
		fprintf(stderr, ": %s", strerror(-err));
	fputc('\n', stderr);
}

static void print_phases(const struct ctx *cx)
{
	uint64_t end = now_ns();

	for (unsigned i = 0; i < cx->nphases; i++) {
		uint64_t until = i + 1 < cx->nphases ? cx->phase[i + 1].ns : end;

		fprintf(stderr, "%-10s %8.3f ms\n", cx->phase[i].name,
			(double) (until - cx->phase[i].ns) / 1e6);
	}
}

/* The signal that ended the program ends us, too; its core dump is enough. */
static void die_like(int sig)
{
	sigset_t one;

	(void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	(void) signal(sig, SIG_DFL);
	(void) sigemptyset(&one);
	(void) sigaddset(&one, sig);
	(void) sigprocmask(SIG_UNBLOCK, &one, NULL);
	(void) raise(sig);
}

static int run(size_t i, int argc, char **argv)
{
	static struct ctx cx;
	struct cmd c = { .cx = &cx, .out = stdout, .say = stderr };
	char name[64];
	int r;

	(void) snprintf(name, sizeof name, "reprise %s", commands[i].name);
	argv[0] = name;
	r = commands[i].run(&c, argc, argv);
	if (c.verbose)
		print_phases(&cx);
	if (r >= 0 && (fflush(stdout) || ferror(stdout)))
		r = fail(&cx, -errno, "write to standard output");
	if (r < 0)
		print_reason(commands[i].name, r, cx.why);
	if (r >= 0 && c.ended_by)
		die_like(c.ended_by);
	return r < 0 ? err_status(r) : r;
}

int main(int argc, char **argv)
{
	sigset_t requests;

	argp_err_exit_status = 2;
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("reprise " REPRISE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		/* Failed writes come back as errors; requests to stop are looked for (interrupt.h).
		 */
		(void) signal(SIGPIPE, SIG_IGN);
		(void) signal(SIGXFSZ, SIG_IGN);
		interrupt_set(&requests);
		(void) sigprocmask(SIG_BLOCK, &requests, NULL);
		return run(i, argc - 1, argv + 1);
	}
	fprintf(stderr, "reprise: there is no command '%s': see `reprise --help`\n", argv[1]);
	return 2;
}
