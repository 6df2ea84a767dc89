/*
 * show.h - an image printed: for people, in parts or at a glance, or for programs.
 */
#ifndef TREE_SHOW_H
#define TREE_SHOW_H

#include <stdio.h>

struct view;

void show_summary(const struct view *v, FILE *f);
void show_maps(const struct view *v, FILE *f);
void show_fds(const struct view *v, FILE *f);
void show_registers(const struct view *v, FILE *f);
void show_objects(const struct view *v, FILE *f); /* every one, a line each */
void show_json(const struct view *v, FILE *f);	  /* everything but the contents of memory */

/* What print says of obj, such that no terminal minds. */
void show_said(void (*print)(const void *, FILE *), const void *obj, FILE *f);

#endif
