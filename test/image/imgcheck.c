/*
 * imgcheck - reads an image to its end, all bulk data too, and says what is wrong with it.
 *
 * usage: imgcheck FILE|-       exit status as in reprise(1): 0, 1, 3 or 4
 *
 * Knows the format's own kinds only; others are passed over if they are skippable.
 * Links with: src/base/{err,buf}.c src/image/[all].c -lxxhash -lpthread
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "image/header.h"
#include "image/reader.h"
#include "image/record.h"

/* Bulk data in memory that grows no further than it must; the reader has compared the length of a
 * file with its size, a stream's is limited here. */
static int read_bulk(struct ctx *cx, struct reader *r, const struct record *rec)
{
	_free_ void *p = NULL;

	if (!reader_seekable(r) && rec->bulk_len > 1 << 20)
		return 0; /* passed over by reader_next, which verifies it */
	p = malloc(rec->bulk_len + 1);
	if (!p)
		return fail(cx, -ENOMEM, "read");
	return reader_bulk(cx, r, rec, p);
}

static int check(struct ctx *cx, struct reader *r)
{
	struct image_header h;
	struct record rec;
	int err = reader_header(cx, r, &h);

	if (err < 0)
		return err;
	record_free(&image_header_type, &h);
	while ((err = reader_next(cx, r, &rec)) > 0) {
		if (!(rec.flags & RECORD_SKIPPABLE))
			return fail(cx, ERR_UNSUPPORTED, "%s: not supported",
				    reader_schema(r, rec.kind)->name);
		err = read_bulk(cx, r, &rec);
		if (err < 0)
			return err;
	}
	return err;
}

int main(int argc, char **argv)
{
	static struct ctx cx;
	struct reader *r = NULL;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: imgcheck FILE|-\n");
		return 2;
	}
	err = reader_open_file(&cx, argv[1], &r);
	if (err == 0)
		err = check(&cx, r);
	if (err < 0)
		fprintf(stderr, "imgcheck: %s: %s%s%s\n", argv[1], cx.why,
			err_is_system(err) ? ": " : "", err_is_system(err) ? strerror(-err) : "");
	reader_free(r);
	return err_status(err);
}
