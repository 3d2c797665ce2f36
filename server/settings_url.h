/* settings_url: http and https URLs as the settings have them: absolute, with a host, without user, query and fragment.
 */
#ifndef SERVER_SETTINGS_URL_H
#define SERVER_SETTINGS_URL_H

#include "base/bytes.h"

struct url {
    bool secure;       /* https */
    struct bytes host; /* "[::1]" with its brackets */
    struct bytes path; /* from its first slash; empty where there is none */
};
bool url_parse(struct bytes text, struct url *url) __attribute__((warn_unused_result));
/* RFC 3986 2.3: unreserved characters only, no empty segment but the last, no . and .. */
bool url_path_is_plain(struct bytes path);

#endif
