/*
 * stub_x86_64.S - the interpreter of syscall programs, and the foothold.
 *
 * 64-bit code for both ABIs: an i386 task on a 64-bit kernel runs it too (its cs is set to the 64-bit
 * user segment meanwhile), issuing native calls with `syscall` and ia32 calls with `int $0x80`.
 * Position-independent; uses no stack (rsp is set for rt_sigreturn alone), no vector and no x87
 * register; knows no object.
 *
 * Interpreter: %r12 points at the first struct op (program.h).  Registers used: rax, rbx, rcx, rdx,
 * rsi, rdi, rbp, r8-r14.  %r14 is 0, or the op that failed.
 */
#define OP_NR	 0
#define OP_FLAGS 8
#define OP_ARG	 16
#define OP_RET	 64
#define OP_AUX	 72
#define OP_SIZE	 80

#define IA32	 0x01
#define MUST	 0x02
#define EQUAL	 0x04
#define CHILD	 0x08
#define FINAL	 0x10
#define STACK	 0x20
#define FLAGS	 0x40
#define REF_BIT	 8

	.section .rodata
	.balign 16

	.globl stub_begin, stub_end
stub_begin:
	movq	OP_FLAGS(%r12), %r13
	testb	$FLAGS, %r13b
	jz	1f
	movq	OP_AUX(%r12), %rsp	/* no call: the flags register becomes what stands there */
	popfq
	jmp	next
1:
	/* Arguments; one marked as a reference is the result of an earlier op, loaded from its place. */
	.macro	argument n, reg
	movq	OP_ARG+8*\n(%r12), \reg
	btl	$REF_BIT+\n, %r13d
	jnc	1f
	movq	(\reg), \reg
1:
	.endm
	argument 0, %rdi
	argument 1, %rsi
	argument 2, %rdx
	argument 3, %r10
	argument 4, %r8
	argument 5, %r9
	testb	$STACK, %r13b
	jz	1f
	movq	OP_AUX(%r12), %rsp
1:	movl	OP_NR(%r12), %eax
	testb	$IA32, %r13b
	jnz	2f
	syscall
	jmp	3f
2:	movl	%edi, %ebx
	movl	%esi, %ecx
	movl	%r10d, %esi
	movl	%r8d, %edi
	movl	%r9d, %ebp
	int	$0x80
	movl	%eax, %eax
	cmpl	$-4095, %eax
	jb	3f
	movslq	%eax, %rax
3:	testb	$CHILD, %r13b
	jz	4f
	testq	%rax, %rax
	jnz	4f
	movq	OP_AUX(%r12), %r12	/* the new thread or child: its own list */
	jmp	stub_begin
4:	movq	%rax, OP_RET(%r12)
	testb	$MUST, %r13b
	jz	5f
	cmpq	$-4095, %rax
	jae	fail
5:	testb	$EQUAL, %r13b
	jz	next
	cmpq	OP_AUX(%r12), %rax
	jne	fail
next:	addq	$OP_SIZE, %r12
	jmp	stub_begin
fail:	movq	%r12, %r14
6:	addq	$OP_SIZE, %r12		/* pass over everything up to the list's final part */
	testb	$FINAL, OP_FLAGS(%r12)
	jz	6b
	jmp	stub_begin
stub_end:

/*
 * The foothold: two system calls, then the thread's own signal mask, registers and the way back to where
 * it was.  We stop it after either call; if we are dead it runs to its end and heals the thread by
 * itself.  Neither flags nor the stack are touched.  The first call is the mmap of the scratch area, the second
 * its munmap: entering at the second is how a visit ends.  The data behind the code is struct
 * foothold_data (foothold.c).  The return differs by the code segment that it returns to: x86-64 needs
 * none, i386 a far jump (AMD has no far jump with a 64-bit offset).
 */
	.macro	foothold bits
	.globl	foothold\bits\()_begin, foothold\bits\()_unmap, foothold\bits\()_data, foothold\bits\()_end
foothold\bits\()_begin:
	syscall
foothold\bits\()_unmap:
	movl	$11, %eax		/* munmap */
	movq	foothold\bits\()_data+0(%rip), %rdi
	movq	foothold\bits\()_data+8(%rip), %rsi
	syscall
	movl	$14, %eax		/* rt_sigprocmask(SIG_SETMASK, &data.sigmask, NULL, 8) */
	movl	$2, %edi
	leaq	foothold\bits\()_data+96(%rip), %rsi
	movl	$0, %edx
	movl	$8, %r10d
	syscall
	movq	foothold\bits\()_data+16(%rip), %rax
	movq	foothold\bits\()_data+24(%rip), %rcx
	movq	foothold\bits\()_data+32(%rip), %rdx
	movq	foothold\bits\()_data+40(%rip), %rsi
	movq	foothold\bits\()_data+48(%rip), %rdi
	movq	foothold\bits\()_data+56(%rip), %r8
	movq	foothold\bits\()_data+64(%rip), %r9
	movq	foothold\bits\()_data+72(%rip), %r10
	movq	foothold\bits\()_data+80(%rip), %r11
	.if	\bits == 64
	jmp	*foothold\bits\()_data+88(%rip)
	.else
	ljmpl	*foothold\bits\()_data+88(%rip)
	.endif
	.balign	8
foothold\bits\()_data:
	.fill	13, 8, 0
foothold\bits\()_end:
	.endm

	foothold 64
	foothold 32

	.section .note.GNU-stack,"",@progbits
