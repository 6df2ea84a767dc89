/*
 * program.c - building and printing syscall programs.
 */
#include "program/program.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

struct relocation {
	uint32_t at, to; /* offsets into the data */
};

void program_init(struct program *p, const struct abi *abi)
{
	*p = (struct program){ .abi = abi, .who = "reprise" };
}

void program_done(struct program *p)
{
	buf_done(&p->ops);
	buf_done(&p->data);
	buf_done(&p->note);
	buf_done(&p->relocation);
}

int program_err(const struct program *p)
{
	return p->ops.failed || p->data.failed || p->note.failed || p->relocation.failed ? -ENOMEM
											 : 0;
}

static struct op *op_at(const struct program *p, unsigned op)
{
	return (struct op *) p->ops.p + op;
}

unsigned program_add(struct program *p, uint32_t flags, bool own_abi, enum call call,
		     const struct arg *args, size_t nargs)
{
	const struct abi *abi = own_abi ? p->abi : &abi_x86_64;
	struct op op = { .nr = abi->call[call], .flags = flags, .ret = OP_NOT_RUN };

	if (abi->word == 4)
		op.flags |= OP_IA32;
	for (size_t i = 0; i < nargs && i < ARRAY_SIZE(op.arg); i++) {
		op.arg[i] = args[i].v;
		if (args[i].kind == ARG_RESULT)
			op.flags |= OP_REF(i);
		else if (args[i].kind == ARG_DATA)
			op.flags |= OP_DATA(i);
	}
	buf_put(&p->ops, &op, sizeof op);
	buf_put(&p->note, &p->who, sizeof p->who);
	return program_count(p) - 1;
}

void program_aux(struct program *p, unsigned op, uint64_t aux)
{
	if (op < program_count(p))
		op_at(p, op)->aux = aux;
}

void program_set_flags(struct program *p, uint64_t flags)
{
	uint32_t at = program_data(p, &flags, sizeof flags);
	unsigned op = program_native(p, OP_LOAD_FLAGS, brk, VAL(0));

	program_aux(p, op, at);
}

uint32_t program_data(struct program *p, const void *from, size_t n)
{
	uint32_t off;

	buf_align(&p->data, 16);
	off = (uint32_t) p->data.len;
	if (from)
		buf_put(&p->data, from, n);
	else
		buf_zero(&p->data, n);
	return off;
}

void program_pointer(struct program *p, uint32_t off, uint32_t to)
{
	struct relocation r = { off, to };

	buf_put(&p->relocation, &r, sizeof r);
}

unsigned program_count(const struct program *p)
{
	return (unsigned) (p->ops.len / sizeof(struct op));
}

size_t program_size(const struct program *p)
{
	return p->ops.len + p->data.len;
}

uint64_t program_op_address(const struct program *p, unsigned op)
{
	return p->base + op * sizeof(struct op);
}

uint64_t program_data_address(const struct program *p, uint32_t off)
{
	return p->base + p->ops.len + off;
}

int program_place(struct ctx *cx, struct program *p, uint64_t base)
{
	const struct relocation *r = p->relocation.p;

	if (program_err(p) < 0)
		return fail(cx, -ENOMEM, "build a system call program");
	p->base = base;
	for (unsigned i = 0; i < program_count(p); i++) {
		struct op *op = op_at(p, i);

		for (unsigned a = 0; a < ARRAY_SIZE(op->arg); a++) {
			if (op->flags & OP_DATA(a))
				op->arg[a] = program_data_address(p, (uint32_t) op->arg[a]);
			else if (op->flags & OP_REF(a))
				op->arg[a] = program_op_address(p, (unsigned) op->arg[a]) +
					     offsetof(struct op, ret);
		}
		if (op->flags & OP_CHILD)
			op->aux = program_op_address(p, (unsigned) op->aux);
		if (op->flags & OP_LOAD_FLAGS)
			op->aux = program_data_address(p, (uint32_t) op->aux);
	}
	for (size_t i = 0; i < p->relocation.len / sizeof *r; i++) {
		uint64_t to = program_data_address(p, r[i].to);

		memcpy((char *) p->data.p + r[i].at, &to, sizeof to);
	}
	return 0;
}

int64_t program_result(const struct program *p, unsigned op)
{
	return op_at(p, op)->ret;
}

const void *program_data_at(const struct program *p, uint32_t off)
{
	return (const char *) p->data.p + off;
}

static const char *op_name(const struct op *op)
{
	const struct abi *abi = op->flags & OP_IA32 ? &abi_i386 : &abi_x86_64;

	for (unsigned c = 0; c < NCALLS; c++)
		if (abi->call[c] == op->nr)
			return call_name(c);
	return "?";
}

/* Arguments up to the last that is not zero. */
static void print_op(const struct program *p, unsigned i, FILE *f)
{
	const struct op *op = op_at(p, i);
	unsigned n = ARRAY_SIZE(op->arg);

	if (op->flags & OP_LOAD_FLAGS) {
		fputs("load flags", f);
		return;
	}
	fprintf(f, "%s(", op_name(op));
	while (n && !op->arg[n - 1] && !(op->flags & (OP_REF(n - 1) | OP_DATA(n - 1))))
		n--;
	for (unsigned a = 0; a < n; a++) {
		uint64_t v = op->arg[a];

		if (a)
			fputs(", ", f);
		if (op->flags & OP_REF(a))
			fprintf(f, "result of %" PRIu64, p->base ? (v - p->base) / sizeof *op : v);
		else if (op->flags & OP_DATA(a))
			fprintf(f, "data+0x%" PRIx64, p->base ? v - p->base - p->ops.len : v);
		else if (v < 4096)
			fprintf(f, "%" PRIu64, v);
		else
			fprintf(f, "0x%" PRIx64, v);
	}
	fputc(')', f);
}

void program_print(const struct program *p, FILE *f)
{
	const char *const *note = p->note.p;

	for (unsigned i = 0; i < program_count(p); i++) {
		const struct op *op = op_at(p, i);

		fprintf(f, "%5u  %-12s ", i, note[i]);
		print_op(p, i, f);
		if (op->flags & OP_IA32)
			fputs("  ia32", f);
		if (op->flags & OP_MUST)
			fputs("  must succeed", f);
		if (op->flags & OP_EQUAL)
			fprintf(f, "  must be 0x%" PRIx64, op->aux);
		if (op->flags & OP_CHILD)
			fprintf(f, "  child goes on at %" PRIu64,
				p->base ? (op->aux - p->base) / sizeof *op : op->aux);
		if (op->flags & OP_FINAL)
			fputs("  final", f);
		fputc('\n', f);
	}
}

void program_describe(const struct program *p, unsigned op, char *ret, size_t size)
{
	FILE *f = fmemopen(ret, size, "w");

	if (!f) {
		(void) snprintf(ret, size, "system call %u", op);
		return;
	}
	fprintf(f, "%s: ", ((const char *const *) p->note.p)[op]);
	print_op(p, op, f);
	(void) fclose(f);
	ret[size - 1] = '\0';
}
