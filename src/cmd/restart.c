/*
 * restart.c - reprise restart: options, and what happens once the program runs.
 */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "image/reader.h"
#include "tree/foreground.h"
#include "tree/restart.h"

enum { KEY_PIDFILE = 0x100, KEY_EXPLAIN, KEY_CHANGED };

static const struct argp_option options[] = {
	{ "detach", 'd', NULL, 0, "Return when the program runs, and leave it to init", 0 },
	{ "pidfile", KEY_PIDFILE, "FILE", 0, "Write the program's PID to FILE", 0 },
	{ "explain", KEY_EXPLAIN, NULL, 0, "Print the system calls that would rebuild the program",
	  0 },
	{ "changed-files", KEY_CHANGED, "HOW", 0,
	  "What to do if a file is not as it was: refuse (default), warn or ignore", 0 },
	{ "verbose", 'v', NULL, 0, "Say what is done and how long it took", 0 },
	{ 0 },
};

struct settings {
	struct restart_options o;
	const char *input;
	bool explain, detach, verbose;
};

static void parse_changed(struct argp_state *state, struct settings *s, const char *arg)
{
	static const char *const names[] = { "refuse", "warn", "ignore" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			s->o.changed_files = (enum changed_files) i;
			return;
		}
	argp_error(state, "--changed-files takes refuse, warn or ignore, not '%s'", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'd':
		s->detach = true;
		break;
	case 'v':
		s->verbose = true;
		break;
	case KEY_PIDFILE:
		s->o.pidfile = arg;
		break;
	case KEY_EXPLAIN:
		s->explain = true;
		break;
	case KEY_CHANGED:
		parse_changed(state, s, arg);
		break;
	case ARGP_KEY_ARG:
		if (s->input)
			argp_error(state, "one image at a time");
		s->input = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Make the program in the image FILE (standard input) run again.",
};

static void reader_free_p(struct reader **r)
{
	reader_free(*r);
}

static int stay(struct cmd *c, pid_t pid)
{
	int status, r = foreground_wait(c->cx, pid, &status);

	if (r < 0)
		return r;
	if (WIFSIGNALED(status)) {
		c->ended_by = WTERMSIG(status);
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

int cmd_restart(struct cmd *c, int argc, char **argv)
{
	struct settings s = { .o.say = c->say };
	_cleanup_(reader_free_p) struct reader *reader = NULL;
	pid_t pid = 0;
	int r;

	(void) argp_parse(&argp, argc, argv, 0, NULL, &s);
	c->verbose = s.verbose;
	s.o.orphan = s.detach;
	if (s.explain)
		s.o.explain = c->out;
	if (!s.input)
		s.input = "-";
	s.o.stdin_taken = !strcmp(s.input, "-");
	r = reader_open_file(c->cx, s.input, &reader);
	if (r >= 0 && !s.detach && !s.explain)
		foreground_prepare();
	if (r >= 0)
		r = restart_process(c->cx, reader, &s.o, &pid);
	if (r < 0)
		return blame(c->cx, r, "%s", strcmp(s.input, "-") ? s.input : "standard input");
	reader_free(reader);
	reader = NULL;
	return s.detach || s.explain ? 0 : stay(c, pid);
}
