/*
 * skeleton.c - the executable from which a restarted task begins (elf(5)).
 *
 * The instruction is 64-bit code for both ABIs: an i386 task is brought into the 64-bit code
 * segment before it runs.
 */
#include "program/skeleton.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/abi.h"
#include "base/cleanup.h"
#include "base/err.h"

static const unsigned char code[] = { 0x0f, 0x05 }; /* syscall */

#define IDENT(class)                                                                               \
	{                                                                                          \
		ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, class, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE  \
	}

/* Headers and code in one read-only segment; a stack that is not executable. */
#define SKELETON(bits)                                                                             \
	struct file##bits {                                                                        \
		Elf##bits##_Ehdr head;                                                             \
		Elf##bits##_Phdr segment, stack;                                                   \
		unsigned char code[16];                                                            \
	};                                                                                         \
	static size_t make##bits(uint64_t at, uint16_t machine, void *to)                          \
	{                                                                                          \
		struct file##bits f = {                                                            \
			.head = { .e_ident = IDENT(ELFCLASS##bits),                                \
				  .e_type = ET_EXEC,                                               \
				  .e_machine = machine,                                            \
				  .e_version = EV_CURRENT,                                         \
				  .e_entry = (Elf##bits##_Addr)(                                   \
					  at + offsetof(struct file##bits, code)),                 \
				  .e_phoff = offsetof(struct file##bits, segment),                 \
				  .e_ehsize = sizeof f.head,                                       \
				  .e_phentsize = sizeof f.segment,                                 \
				  .e_phnum = 2 },                                                  \
			.segment = { .p_type = PT_LOAD,                                            \
				     .p_flags = PF_R | PF_X,                                       \
				     .p_vaddr = (Elf##bits##_Addr) at,                             \
				     .p_paddr = (Elf##bits##_Addr) at,                             \
				     .p_filesz = sizeof f,                                         \
				     .p_memsz = sizeof f,                                          \
				     .p_align = 4096 },                                            \
			.stack = { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },               \
		};                                                                                 \
		memcpy(f.code, code, sizeof code);                                                 \
		memcpy(to, &f, sizeof f);                                                          \
		return sizeof f;                                                                   \
	}

SKELETON(64)
SKELETON(32)

int skeleton_make(struct ctx *cx, const struct abi *abi, uint64_t at, int *ret_fd)
{
	char file[512];
	size_t n = abi->word == 8 ? make64(at, (uint16_t) abi->id, file)
				  : make32(at, (uint16_t) abi->id, file);
	_close_ int fd = memfd_create("reprise", MFD_CLOEXEC);

	if (fd < 0 || write(fd, file, n) != (ssize_t) n)
		return fail(cx, -errno, "make a skeleton executable");
	*ret_fd = take_fd(&fd);
	return 0;
}

uint64_t skeleton_entry(const struct abi *abi)
{
	return abi->word == 8 ? offsetof(struct file64, code) : offsetof(struct file32, code);
}
