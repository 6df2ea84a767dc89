/*
 * object.c - the table of all objects.  Nothing here depends on what they are.
 */
#include "obj/object.h"

const struct obj_ops *const objects[] = {
#define OBJ(name) &name##_ops,
#include "obj/objects.def"
#undef OBJ
};

const size_t nobjects = sizeof objects / sizeof *objects;

const struct obj_ops *object_by_kind(uint16_t kind)
{
	for (size_t i = 0; i < nobjects; i++)
		if (objects[i]->record.kind == kind)
			return objects[i];
	return NULL;
}
