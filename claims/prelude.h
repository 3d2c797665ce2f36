/* prelude: the jq that stands before every program. */
#ifndef CLAIMS_PRELUDE_H
#define CLAIMS_PRELUDE_H

/* Definitions, and a binding of $ENV to {}; ends so that a program follows. A definition that names
 * NAME_is_not_available is dropped by jq where nobody uses it, and an error where somebody does. */
extern const char prelude[];

#endif
