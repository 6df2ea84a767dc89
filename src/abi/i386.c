/*
 * i386.c - i386 tasks.
 */
#include "abi/abi.h"

#include <asm/prctl.h>
#include <elf.h>

static const uint16_t calls[NCALLS] = {
#define CALL(name, x86_64, i386) [CALL_##name] = i386,
#include "abi/calls.def"
#undef CALL
};

/* epoll_wait, epoll_pwait, epoll_pwait2, ipc, semtimedop_time64, rt_sigtimedwait, its time64,
 * io_getevents, io_pgetevents, its time64, msgrcv, msgsnd. */
static const uint16_t not_restarted[] = { 256, 319, 441, 117, 420, 177, 421,
					  247, 385, 416, 401, 400, 0 };

const struct abi abi_i386 = {
	.name = "i386",
	.id = EM_386,
	.word = 4,
	.task_size = 0xffffe000,
	.code_segment = 0x23,
	.map_vdso = ARCH_MAP_VDSO_32,
	.call = calls,
	.not_restarted = not_restarted,
};
