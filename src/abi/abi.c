/*
 * abi.c - the two ABIs by their number, and the names of the calls they share.
 */
#include "abi/abi.h"

static const char *const names[NCALLS] = {
#define CALL(name, x86_64, i386) [CALL_##name] = #name,
#include "abi/calls.def"
#undef CALL
};

const char *call_name(unsigned call)
{
	return call < NCALLS ? names[call] : "?";
}

const struct abi *abi_by_id(uint32_t id)
{
	static const struct abi *const all[] = { &abi_x86_64, &abi_i386 };

	for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i]->id == id)
			return all[i];
	return NULL;
}
