/* vectors: known answers from the RFCs' own examples. */
#ifndef TESTS_UNIT_KEYS_VECTORS_H
#define TESTS_UNIT_KEYS_VECTORS_H

/* RFC 7638 3.1 */
#define THUMBPRINT_N                                                                                                   \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"  \
    "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"   \
    "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8"     \
    "awapJzKnqDKgw"
#define THUMBPRINT "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

/* RFC 7515 A.2, A.3: one payload, signed with RS256 and ES256 */
#define JWS_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RS256_N                                                                                                        \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"   \
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2C"    \
    "apHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb"   \
    "54h4FRWyuXpoQ"
#define RS256_INPUT "eyJhbGciOiJSUzI1NiJ9." JWS_PAYLOAD
#define RS256_SIGNATURE                                                                                                \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t" \
    "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi1"   \
    "2jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypG"   \
    "lUPQGe77Rw"
#define ES256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define ES256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define ES256_INPUT "eyJhbGciOiJFUzI1NiJ9." JWS_PAYLOAD
#define ES256_SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

/* the private exponent of A.2's key */
#define RS256_D                                                                                                        \
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-"   \
    "pWJ"                                                                                                              \
    "1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_"                 \
    "0ZHHzQlBjudU2QvXt"                                                                                                \
    "4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_"                             \
    "RQyGWSeWjnczT0QU91p1DhOVRuOop"                                                                                    \
    "znQ"

/* RFC 7515 A.1 (HS256) and A.5 (none): what must be refused */
#define HS256_JWS "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JWS_PAYLOAD ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define NONE_JWS "eyJhbGciOiJub25lIn0." JWS_PAYLOAD "."

/* RFC 6979 A.2.6: P-384 with SHA-384 over "sample" */
#define ES384_X "7DpOQVtOGaRWhhgCn0J_pdqai8SukuAuBqrlKGswDGTe-PDqkFWGYGSiVFFUgLwT"
#define ES384_Y "gBXZty19VyROqO-awMYhiWcIpZNn-d-59UyoSz8cnbEoiyMcOuDU_nNE_SUzJkcg"
#define ES384_INPUT "sample"
#define ES384_SIGNATURE                                                                                                \
    "lO27kqXsuKrUc25WxpGRaz-IFAZmzp-nPWTE6pWtEzyBpkgVLkSs-W423R6A-r5Gme9K6xXxeM6h_kDbJgMTjxMOdAoZYkUmIDtjUdCjqU-"      \
    "jKcFFeG"                                                                                                          \
    "5nnnuCxxo4YorI"

/* RFC 8037 A.1 to A.4 */
#define EDDSA_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define EDDSA_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define EDDSA_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define EDDSA_INPUT "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define EDDSA_SIGNATURE "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

/* RFC 7517 A.1: the public keys; the RSA key's modulus is RFC 7638 3.1's */
#define RFC7517_EC_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define RFC7517_EC_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define RFC7517_EC_MEMBERS                                                                                             \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_EC_X "\",\"y\":\"" RFC7517_EC_Y                                \
    "\",\"use\":\"enc\",\"kid\":\"1\""
#define RFC7517_RSA_MEMBERS                                                                                            \
    "\"kty\":\"RSA\",\"n\":\"" THUMBPRINT_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\""
#define RFC7517_EC_PUBLIC "{" RFC7517_EC_MEMBERS "}"
#define RFC7517_RSA_PUBLIC "{" RFC7517_RSA_MEMBERS "}"

/* RFC 7517 A.2: the private keys of the same pairs */
#define RFC7517_EC_PRIVATE "{" RFC7517_EC_MEMBERS ",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}"
#define RFC7517_RSA_D                                                                                                  \
    "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6N"             \
    "qXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm"             \
    "0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lG"             \
    "VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q"
#define RFC7517_RSA_P                                                                                                  \
    "83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOp"             \
    "SXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs"
#define RFC7517_RSA_Q                                                                                                  \
    "3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovo"             \
    "nizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk"
#define RFC7517_RSA_DP                                                                                                 \
    "G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8ak"             \
    "YhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0"
#define RFC7517_RSA_DQ                                                                                                 \
    "s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0J"             \
    "UiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk"
#define RFC7517_RSA_QI                                                                                                 \
    "GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7"             \
    "lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU"
#define RFC7517_RSA_PRIVATE                                                                                            \
    "{" RFC7517_RSA_MEMBERS ",\"d\":\"" RFC7517_RSA_D "\",\"p\":\"" RFC7517_RSA_P "\",\"q\":\"" RFC7517_RSA_Q          \
    "\",\"dp\":\"" RFC7517_RSA_DP "\",\"dq\":\"" RFC7517_RSA_DQ "\",\"qi\":\"" RFC7517_RSA_QI "\"}"

/* RFC 7517 A.3: the symmetric keys; the second made the MAC of RFC 7515 A.1 */
#define RFC7517_OCT_128 "{\"kty\":\"oct\",\"alg\":\"A128KW\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}"
#define RFC7517_OCT_K "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define RFC7517_OCT_HMAC                                                                                               \
    "{\"kty\":\"oct\",\"k\":\"" RFC7517_OCT_K "\",\"kid\":\"HMAC key used in JWS spec Appendix A.1 example\"}"

#define RSA_JWK(n) "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":\"" n "\"}"
#define EC_JWK(x, y) "{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":\"P-256\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define EC384_JWK(x, y) "{\"kty\":\"EC\",\"alg\":\"ES384\",\"crv\":\"P-384\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define OKP_JWK(x) "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\",\"x\":\"" x "\"}"

#endif
