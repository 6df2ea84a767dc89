/*
 * cpu_x86_32 - every register of an i386 task, with a TLS entry of its own behind fs: as in
 * cpu_x86_64, a thread runs in a jump to itself that the main thread overwrites after ck_here().
 */
/* test: only 32 */
#include <asm/ldt.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ck.h"

struct state {
	uint8_t fx[512];       /* FXSAVE: x87, mxcsr, xmm */
	uint8_t vec[8][64];    /* at 512: ymm or zmm */
	uint64_t k[8];	       /* at 1024 */
	uint32_t gpr[7];       /* at 1088: eax ebx ecx edx esi edi ebp */
	uint32_t flags, level; /* at 1116, 1120 */
	uint32_t seg[6];       /* at 1124: cs ss ds es fs gs */
	uint32_t at_fs, at_gs; /* at 1148: what fs:4 and gs:0 point to */
} __attribute__((aligned(64)));

static struct state in, out;
void spin(const struct state *in, struct state *out);
void segments(struct state *out);
extern uint16_t spin_jump;

/* clang-format off */
#define ALL(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define YLD(n) "vmovdqu 512+64*" #n "(%eax), %ymm" #n "\n"
#define YST(n) "vmovdqu %ymm" #n ", 512+64*" #n "(%eax)\n"
#define ZLD(n) "vmovdqu64 512+64*" #n "(%eax), %zmm" #n "\n"
#define ZST(n) "vmovdqu64 %zmm" #n ", 512+64*" #n "(%eax)\n"
#define KLD(n) "kmovq 1024+8*" #n "(%eax), %k" #n "\n"
#define KST(n) "kmovq %k" #n ", 1024+8*" #n "(%eax)\n"

__asm__(".text\n.p2align 4\n.globl spin, spin_jump, segments\n.type spin, @function\nspin:\n"
	"mov 4(%esp), %eax; mov 8(%esp), %edx\n"
	"push %ebx; push %ebp; push %esi; push %edi\n"
	"pushf; push 1120(%eax); push %edx\n"
	"fxrstor (%eax)\n"
	"cmpl $1, 1120(%eax); jb 2f; ja 1f\n"
	ALL(YLD) "jmp 2f\n"
	"1:" ALL(ZLD) ALL(KLD)
	"2: push 1116(%eax); popf\n"
	"mov 1092(%eax), %ebx; mov 1096(%eax), %ecx; mov 1100(%eax), %edx; mov 1104(%eax), %esi\n"
	"mov 1108(%eax), %edi; mov 1112(%eax), %ebp; mov 1088(%eax), %eax\n"
	".p2align 3\nspin_jump: .byte 0xeb, 0xfe\n"
	"pushf; push %eax; mov 8(%esp), %eax\n"
	"mov %ebx, 1092(%eax); mov %ecx, 1096(%eax); mov %edx, 1100(%eax); mov %esi, 1104(%eax)\n"
	"mov %edi, 1108(%eax); mov %ebp, 1112(%eax); pop 1088(%eax); pop 1116(%eax)\n"
	"fxsave (%eax)\n"
	"add $4, %esp; pop %ebx; popf\n"
	"cmp $1, %ebx; jb 2f; ja 1f\n"
	ALL(YST) "vzeroupper; jmp 2f\n"
	"1:" ALL(ZST) ALL(KST) "vzeroupper\n"
	"2: fninit; push $0x1f80; ldmxcsr (%esp); pop %ecx\n"
	"pop %edi; pop %esi; pop %ebp; pop %ebx; ret\n"
	".size spin, .-spin\n"
	"segments: mov 4(%esp), %eax\n"
	"mov %cs, 1124(%eax); mov %ss, 1128(%eax); mov %ds, 1132(%eax)\n"
	"mov %es, 1136(%eax); mov %fs, 1140(%eax); mov %gs, 1144(%eax)\n"
	"mov %fs:4, %ecx; mov %ecx, 1148(%eax); mov %gs:0, %ecx; mov %ecx, 1152(%eax); ret\n"
	".section .note.GNU-stack,\"\",@progbits\n.text\n");
/* clang-format on */

static void fill(void)
{
	uint8_t *b = (uint8_t *) &in;

	for (size_t i = 0; i < offsetof(struct state, flags); i++)
		b[i] = (uint8_t) ((i * 2654435761u) >> 13);
	__builtin_cpu_init();
	in.level = __builtin_cpu_supports("avx512bw") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
	memset(in.fx, 0, 32);
	*(uint16_t *) &in.fx[0] = 0x0c7f;  /* rounding to zero, single precision */
	*(uint16_t *) &in.fx[2] = 0x6d21;  /* top 5, some condition codes, sticky flags */
	in.fx[4] = 0xdb;		   /* two registers are empty */
	*(uint32_t *) &in.fx[24] = 0xffa1; /* flush to zero, rounding, all masked, sticky flags */
	for (int i = 0; i < 8; i++)
		memcpy(in.vec[i], &in.fx[160 + 16 * i], 16);
	in.flags = 0x40000 | 0x200000 | 0xcd5 | 0x202; /* AC ID; OF DF SF ZF AF PF CF; IF */
}

static void entries(struct user_desc d[3], unsigned first)
{
	for (unsigned i = 0; i < 3; i++) {
		memset(&d[i], 0, sizeof d[i]);
		d[i].entry_number = first + i;
		need(syscall(SYS_get_thread_area, &d[i]));
	}
}

static void *runner(void *arg)
{
	static uint32_t far[2] = { 0, 0x11223344 };
	struct user_desc was[3], is[3],
		d = { .entry_number = -1u,
		      .base_addr = (uint32_t) far,
		      .limit = 7,
		      .seg_32bit = 1,
		      .useable = 1 };
	unsigned first;

	need(syscall(SYS_set_thread_area, &d));
	__asm__ volatile("mov %0, %%fs" : : "r"(d.entry_number << 3 | 3));
	segments(&in);
	first = (in.seg[5] >> 3) < d.entry_number ? in.seg[5] >> 3 : d.entry_number;
	entries(was, first);
	spin(&in, &out);

	segments(&out);
	entries(is, first);
	ck(!memcmp(was, is, sizeof was), "thread areas");
	for (int i = 0; i < 6; i++)
		ck(in.seg[i] == out.seg[i], "segment %d: %x, was %x", i, out.seg[i], in.seg[i]);
	ck(out.at_fs == far[1] && out.at_gs == in.at_gs);
	return arg;
}

int main(void)
{
	long page = (long) &spin_jump & -4096;
	pthread_t t;

	fill();
	need(mprotect((void *) page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC));
	need(-pthread_create(&t, NULL, runner, NULL));
	usleep(20000);
	ck_here();

	__atomic_store_n(&spin_jump, 0x9090, __ATOMIC_SEQ_CST);
	ck(pthread_join(t, NULL) == 0);

	for (int i = 0; i < 7; i++)
		ck(in.gpr[i] == out.gpr[i], "register %d: %x", i, out.gpr[i]);
	ck((out.flags & ~0x10000u) == in.flags, "flags %x, not %x", out.flags, in.flags);
	ck(!memcmp(in.fx, out.fx, 5), "x87 control, status or tags");
	ck(!memcmp(in.fx + 24, out.fx + 24, 4), "mxcsr %x", *(uint32_t *) &out.fx[24]);
	for (int i = 0; i < 8; i++)
		ck(!memcmp(in.fx + 32 + 16 * i, out.fx + 32 + 16 * i, 10), "st%d", i);
	ck(!memcmp(in.fx + 160, out.fx + 160, 128), "xmm");
	for (int i = 0; i < 8 && in.level; i++)
		ck(!memcmp(in.vec[i], out.vec[i], in.level == 2 ? 64 : 32), "vector %d", i);
	ck(in.level < 2 || !memcmp(in.k, out.k, sizeof in.k), "mask registers");
	return 0;
}
