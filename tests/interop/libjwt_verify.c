/* libjwt_verify: the second opinion: libjwt 1.x verifies one of our tokens. usage: libjwt_verify ES256|ES384|RS256 TOKEN, the public key as PEM on standard input. */
#include <jwt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static char pem[8192];
    jwt_t *jwt = NULL;
    if (argc != 3) return 2;
    size_t len = fread(pem, 1, sizeof pem - 1, stdin);
    if (jwt_decode(&jwt, argv[2], (unsigned char *)pem, (int)len) != 0) return 1;
    bool right_algorithm = strcmp(jwt_alg_str(jwt_get_alg(jwt)), argv[1]) == 0;
    char *claims = jwt_get_grants_json(jwt, NULL);
    if (right_algorithm) puts(claims);
    free(claims);
    jwt_free(jwt);
    return right_algorithm ? 0 : 1;
}
