/*
 * checkpoint.c - reprise checkpoint: options, where the image goes, what is reported.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "image/writer.h"
#include "tree/checkpoint.h"

enum { KEY_KILL = 0x100, KEY_STOP, KEY_LIVE };

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Where the image goes (PID.ckpt); - is standard output", 0 },
	{ "kill", KEY_KILL, NULL, 0, "Kill the process when the image is complete", 0 },
	{ "stop", KEY_STOP, NULL, 0, "Leave the process stopped when the image is complete", 0 },
	{ "live", KEY_LIVE, "HOW", 0, "How memory is taken: auto (default), copy or fork", 0 },
	{ "verbose", 'v', NULL, 0, "Say what is done and how long it took", 0 },
	{ 0 },
};

struct settings {
	struct checkpoint_options o;
	const char *output;
	char default_output[32];
	bool verbose;
};

static void parse_live(struct argp_state *state, struct settings *s, const char *arg)
{
	static const char *const names[] = { "auto", "copy", "fork" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			s->o.live = (enum live) i;
			return;
		}
	argp_error(state, "--live takes auto, copy or fork, not '%s'", arg);
}

static void parse_pid(struct argp_state *state, struct settings *s, const char *arg)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(arg, &end, 10);
	if (s->o.pid)
		argp_error(state, "one PID at a time");
	if (errno || *end || end == arg || pid < 1 || pid > INT_MAX)
		argp_error(state, "'%s' is no PID", arg);
	s->o.pid = (pid_t) pid;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'o':
		s->output = arg;
		break;
	case 'v':
		s->verbose = true;
		break;
	case KEY_KILL:
	case KEY_STOP:
		if (s->o.then != THEN_RUN)
			argp_error(state, "--kill and --stop exclude each other");
		s->o.then = key == KEY_KILL ? THEN_KILL : THEN_STOP;
		break;
	case KEY_LIVE:
		parse_live(state, s, arg);
		break;
	case ARGP_KEY_ARG:
		parse_pid(state, s, arg);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which PID?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PID",
	.doc = "Write the process PID into an image; it runs on afterwards.",
};

static int open_output(struct ctx *cx, struct settings *s, struct writer **ret)
{
	if (!s->output) {
		(void) snprintf(s->default_output, sizeof s->default_output, "%d.ckpt",
				(int) s->o.pid);
		s->output = s->default_output;
	}
	if (strcmp(s->output, "-"))
		return writer_open_file(cx, s->output, ret);
	if (isatty(STDOUT_FILENO))
		return fail(cx, ERR_USAGE, "an image does not go to a terminal: redirect it");
	return writer_open_fd(cx, STDOUT_FILENO, ret);
}

static void writer_free_p(struct writer **w)
{
	writer_free(*w);
}

static void report(FILE *f, const struct settings *s, const struct checkpoint_report *r,
		   const struct writer *w)
{
	static const char *const ways[] = { "auto", "copy", "fork" };

	fprintf(f, "%d: %llu threads, %.1f MiB of memory, %.1f MiB image", (int) s->o.pid,
		(unsigned long long) r->threads, (double) r->pages / 256,
		(double) writer_bytes(w) / (1 << 20));
	if (r->stopped_ns)
		fprintf(f, "; it stood still for %.2f ms (%s)", (double) r->stopped_ns / 1e6,
			ways[r->live]);
	fputc('\n', f);
}

int cmd_checkpoint(struct cmd *c, int argc, char **argv)
{
	struct settings s = { 0 };
	struct checkpoint_report rep;
	_cleanup_(writer_free_p) struct writer *w = NULL;
	int r;

	(void) argp_parse(&argp, argc, argv, 0, NULL, &s);
	c->verbose = s.verbose;
	r = open_output(c->cx, &s, &w);
	if (r < 0)
		return r;
	r = checkpoint_process(c->cx, &s.o, w, &rep);
	if (r < 0)
		return blame(c->cx, r, "process %d", (int) s.o.pid);
	if (s.verbose || isatty(STDERR_FILENO))
		report(c->say, &s, &rep, w);
	return 0;
}
