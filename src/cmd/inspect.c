/*
 * inspect.c - reprise inspect: options, and which parts of an image are printed.
 */
#include <argp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "tree/load.h"
#include "tree/show.h"
#include "tree/view.h"

enum { KEY_FDS = 0x100, KEY_JSON, KEY_MAPS, KEY_REGS };

static const struct argp_option options[] = {
	{ "maps", KEY_MAPS, NULL, 0, "Its memory, mapping by mapping", 0 },
	{ "fds", KEY_FDS, NULL, 0, "Its open files, descriptor by descriptor", 0 },
	{ "regs", KEY_REGS, NULL, 0, "The registers of each thread", 0 },
	{ "all", 'a', NULL, 0, "Every object in the image, a line each", 0 },
	{ "json", KEY_JSON, NULL, 0, "Everything but the contents of memory, as JSON", 0 },
	{ 0 },
};

struct settings {
	const char *file;
	bool maps, fds, regs, all, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'a':
		s->all = true;
		break;
	case KEY_FDS:
		s->fds = true;
		break;
	case KEY_JSON:
		s->json = true;
		break;
	case KEY_MAPS:
		s->maps = true;
		break;
	case KEY_REGS:
		s->regs = true;
		break;
	case ARGP_KEY_ARG:
		if (s->file)
			argp_error(state, "one image at a time");
		s->file = arg;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which image?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Show what is in the image FILE (- is standard input): without options, at a "
	       "glance.",
};

static void reader_free_p(struct reader **r)
{
	reader_free(*r);
}

static void show(const struct settings *s, const struct view *v, FILE *f)
{
	static const struct {
		size_t wanted; /* a bool of struct settings */
		void (*show)(const struct view *, FILE *);
	} parts[] = {
		{ offsetof(struct settings, maps), show_maps },
		{ offsetof(struct settings, fds), show_fds },
		{ offsetof(struct settings, regs), show_registers },
		{ offsetof(struct settings, all), show_objects },
	};
	unsigned shown = 0;

	if (s->json) {
		show_json(v, f);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!*((const bool *) s + parts[i].wanted))
			continue;
		if (shown++)
			fputc('\n', f);
		parts[i].show(v, f);
	}
	if (!shown)
		show_summary(v, f);
}

int cmd_inspect(struct cmd *c, int argc, char **argv)
{
	struct settings s = { 0 };
	_cleanup_(reader_free_p) struct reader *reader = NULL;
	_image_ struct image im = { 0 };
	_view_ struct view v = { 0 };
	int r;

	(void) argp_parse(&argp, argc, argv, 0, NULL, &s);
	r = reader_open_file(c->cx, s.file, &reader);
	if (r >= 0)
		r = image_load(c->cx, reader, &im);
	if (r >= 0)
		r = view_init(c->cx, &im, &v);
	if (r < 0)
		return blame(c->cx, r, "%s", strcmp(s.file, "-") ? s.file : "standard input");
	show(&s, &v, c->out);
	return 0;
}
