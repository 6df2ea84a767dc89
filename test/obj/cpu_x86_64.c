/*
 * cpu_x86_64 - every register: a thread fills them all and runs in a jump to itself, which the main
 * thread overwrites after ck_here(); no instruction in between touches a register or a flag.
 */
/* test: only 64 */
#include <asm/prctl.h>
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
	uint8_t vec[32][64];   /* at 512: ymm0-15 or zmm0-31 */
	uint64_t k[8];	       /* at 2560 */
	uint64_t gpr[15];      /* at 2624: rax rbx rcx rdx rsi rdi rbp r8-r15 */
	uint64_t flags, level; /* at 2744, 2752 */
} __attribute__((aligned(64)));

static struct state in, out;
void spin(const struct state *in, struct state *out);
extern uint16_t spin_jump;

/* clang-format off */
#define ALL8(op, n0, n1, n2, n3, n4, n5, n6, n7) op(n0) op(n1) op(n2) op(n3) op(n4) op(n5) op(n6) op(n7)
#define LOW(op)  ALL8(op, 0, 1, 2, 3, 4, 5, 6, 7) ALL8(op, 8, 9, 10, 11, 12, 13, 14, 15)
#define HIGH(op) ALL8(op, 16, 17, 18, 19, 20, 21, 22, 23) ALL8(op, 24, 25, 26, 27, 28, 29, 30, 31)
#define YLD(n) "vmovdqu 512+64*" #n "(%rdi), %ymm" #n "\n"
#define YST(n) "vmovdqu %ymm" #n ", 512+64*" #n "(%rax)\n"
#define ZLD(n) "vmovdqu64 512+64*" #n "(%rdi), %zmm" #n "\n"
#define ZST(n) "vmovdqu64 %zmm" #n ", 512+64*" #n "(%rax)\n"
#define KLD(n) "kmovq 2560+8*" #n "(%rdi), %k" #n "\n"
#define KST(n) "kmovq %k" #n ", 2560+8*" #n "(%rax)\n"

__asm__(".text\n.p2align 4\n.globl spin, spin_jump\n.type spin, @function\nspin:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"pushfq; push 2752(%rdi); push %rsi\n"
	"fxrstor64 (%rdi)\n"
	"cmpl $1, 2752(%rdi); jb 2f; ja 1f\n"
	LOW(YLD) "jmp 2f\n"
	"1:" LOW(ZLD) HIGH(ZLD) ALL8(KLD, 0, 1, 2, 3, 4, 5, 6, 7)
	"2: push 2744(%rdi); popfq\n"
	"mov 2624(%rdi), %rax; mov 2632(%rdi), %rbx; mov 2640(%rdi), %rcx; mov 2648(%rdi), %rdx\n"
	"mov 2656(%rdi), %rsi; mov 2672(%rdi), %rbp; mov 2680(%rdi), %r8;  mov 2688(%rdi), %r9\n"
	"mov 2696(%rdi), %r10; mov 2704(%rdi), %r11; mov 2712(%rdi), %r12; mov 2720(%rdi), %r13\n"
	"mov 2728(%rdi), %r14; mov 2736(%rdi), %r15; mov 2664(%rdi), %rdi\n"
	".p2align 3\nspin_jump: .byte 0xeb, 0xfe\n"
	"pushfq; push %rax; mov 16(%rsp), %rax\n"
	"mov %rbx, 2632(%rax); mov %rcx, 2640(%rax); mov %rdx, 2648(%rax); mov %rsi, 2656(%rax)\n"
	"mov %rdi, 2664(%rax); mov %rbp, 2672(%rax); mov %r8, 2680(%rax);  mov %r9, 2688(%rax)\n"
	"mov %r10, 2696(%rax); mov %r11, 2704(%rax); mov %r12, 2712(%rax); mov %r13, 2720(%rax)\n"
	"mov %r14, 2728(%rax); mov %r15, 2736(%rax); pop 2624(%rax); pop 2744(%rax)\n"
	"fxsave64 (%rax)\n"
	"add $8, %rsp; pop %rbx; popfq\n"
	"cmp $1, %ebx; jb 2f; ja 1f\n"
	LOW(YST) "vzeroupper; jmp 2f\n"
	"1:" LOW(ZST) HIGH(ZST) ALL8(KST, 0, 1, 2, 3, 4, 5, 6, 7) "vzeroupper\n"
	"2: fninit; push $0x1f80; ldmxcsr (%rsp); pop %rax\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
	".size spin, .-spin\n.section .note.GNU-stack,\"\",@progbits\n.text\n");
/* clang-format on */

static void fill(void)
{
	uint8_t *b = (uint8_t *) &in;

	for (size_t i = 0; i < sizeof in; i++)
		b[i] = (uint8_t) ((i * 2654435761u) >> 13);
	__builtin_cpu_init();
	in.level = __builtin_cpu_supports("avx512bw") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
	memset(in.fx, 0, 32);
	*(uint16_t *) &in.fx[0] = 0x0c7f;  /* rounding to zero, single precision */
	*(uint16_t *) &in.fx[2] = 0x6d21;  /* top 5, some condition codes, sticky flags */
	in.fx[4] = 0xdb;		   /* two registers are empty */
	*(uint32_t *) &in.fx[24] = 0xffa1; /* flush to zero, rounding, all masked, sticky flags */
	for (int i = 0; i < 16; i++)
		memcpy(in.vec[i], &in.fx[160 + 16 * i], 16);
	in.flags = 0x40000 | 0x200000 | 0xcd5 | 0x202; /* AC ID; OF DF SF ZF AF PF CF; IF */
	out.level = in.level;
}

static void *runner(void *arg)
{
	unsigned long fs, gs, there;
	static unsigned long far[2] = { 0, 0x1122334455667788 };

	need(syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	need(syscall(SYS_arch_prctl, ARCH_SET_GS, far));
	spin(&in, &out);

	need(syscall(SYS_arch_prctl, ARCH_GET_FS, &there));
	ck(there == fs && fs == (unsigned long) __builtin_thread_pointer(), "FS base");
	need(syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
	ck(gs == (unsigned long) far, "GS base %lx", gs);
	__asm__ volatile("mov %%gs:8, %0" : "=r"(there));
	ck(there == far[1], "%%gs:8 is %lx", there);
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

	for (int i = 0; i < 15; i++)
		ck(in.gpr[i] == out.gpr[i], "register %d: %lx", i, out.gpr[i]);
	ck((out.flags & ~0x10000u) == in.flags, "flags %lx, not %lx", out.flags, in.flags);
	ck(!memcmp(in.fx, out.fx, 5), "x87 control, status or tags");
	ck(!memcmp(in.fx + 24, out.fx + 24, 4), "mxcsr %x", *(uint32_t *) &out.fx[24]);
	for (int i = 0; i < 8; i++)
		ck(!memcmp(in.fx + 32 + 16 * i, out.fx + 32 + 16 * i, 10), "st%d", i);
	ck(!memcmp(in.fx + 160, out.fx + 160, 256), "xmm");
	for (int i = 0; i < 16 * (int) in.level; i++)
		ck(!memcmp(in.vec[i], out.vec[i], in.level == 2 ? 64 : 32), "vector %d", i);
	ck(in.level < 2 || !memcmp(in.k, out.k, sizeof in.k), "mask registers");
	return 0;
}
