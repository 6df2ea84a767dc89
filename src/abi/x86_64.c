/*
 * x86_64.c - x86-64 tasks.
 */
#include "abi/abi.h"

#include <asm/prctl.h>
#include <elf.h>

static const uint16_t calls[NCALLS] = {
#define CALL(name, x86_64, i386) [CALL_##name] = x86_64,
#include "abi/calls.def"
#undef CALL
};

/* epoll_wait, epoll_pwait, epoll_pwait2, semop, semtimedop, rt_sigtimedwait, io_getevents,
 * io_pgetevents, msgrcv, msgsnd. */
static const uint16_t not_restarted[] = { 232, 281, 441, 65, 220, 128, 208, 333, 70, 69, 0 };

const struct abi abi_x86_64 = {
	.name = "x86-64",
	.id = EM_X86_64,
	.word = 8,
	.task_size = 0x7ffffffff000,
	.code_segment = 0x33,
	.map_vdso = ARCH_MAP_VDSO_64,
	.call = calls,
	.not_restarted = not_restarted,
};
