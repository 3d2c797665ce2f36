/* plan_world: the world of a program that tests plans, with one algorithm unless a test says otherwise. */
#ifndef TESTS_UNIT_KEYS_PLAN_WORLD_H
#define TESTS_UNIT_KEYS_PLAN_WORLD_H

#include "unit/keys/world.h"

static struct world w;

static inline struct key_material *active(void) { return world_the(&w, KEY_ES256, KEY_ACTIVE); }
static inline struct key_material *pending(void) { return world_the(&w, KEY_ES256, KEY_PENDING); }

static inline void begin(void)
{
    world_begin(&w);
    world_tend(&w);
}

#endif
