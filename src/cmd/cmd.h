/*
 * cmd.h - the subcommands, one file each.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stdio.h>

struct ctx;

/* What a command may write to, opened and judged by main.c. */
struct cmd {
	struct ctx *cx;
	FILE *out;    /* results */
	FILE *say;    /* progress and warnings, for people */
	bool verbose; /* set by the command: main.c prints the phases */
	int ended_by; /* a signal that ended the restarted program: main.c ends the same way */
};

/* Each parses its own options (argp) and returns an exit status, or a negative error with its
 * reason in cx: argv[0] is the command's name. */
typedef int cmd_fn(struct cmd *c, int argc, char **argv);

cmd_fn cmd_checkpoint, cmd_restart, cmd_inspect;

#endif
