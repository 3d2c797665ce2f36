/* skim: what an answer that can't be taken as a whole (too deep, a name twice, more than the arena holds) says all the
 * same: that the session or the person is over. What people write into their traits must not keep them in.
 *
 * Rule: asked only when parse_session or parse_person found the answer unclear, and never for what lives. What it goes
 * by stands ahead of the traits in Kratos' answers; each of it must stand once up to where reading ends. */
#ifndef IDENTITY_KRATOS_SKIM_H
#define IDENTITY_KRATOS_SKIM_H

#include "identity/kratos/session.h"

/* STANDING_INACTIVE or STANDING_DISABLED where it is about that session and says so, else STANDING_UNCLEAR */
enum standing skim_session(struct bytes body, struct bytes id);
/* STANDING_DISABLED where it is about that person and says so, else STANDING_UNCLEAR */
enum standing skim_person(struct bytes body, struct bytes id);

#endif
