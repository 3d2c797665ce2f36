"""Resource servers with PyJWT: as jose_watch.mjs, in the same words. PyJWKClient fetches anew when it meets a kid that it doesn't know; here such a fetch is a
failure: the key was not published ahead.

usage: python3 pyjwt_watch.py ISSUER AUDIENCE MAX_AGE_S JWKS_URL..."""
import json
import random
import sys
import time

import jwt

issuer, audience, max_age_s, *urls = sys.argv[1:]


class Keys(jwt.PyJWKClient):
    fetched = 0

    def fetch_data(self):
        Keys.fetched += 1
        self.uri = random.choice(urls)
        return super().fetch_data()


class Watch:
    def __init__(self):
        self.servers, self.tokens, self.revoked = [], [], set()
        self.verified, self.failed = 0, []
        self.join()

    def join(self):
        self.servers.append(Keys(urls[0], lifespan=int(max_age_s)))

    def verify(self, token):
        kid = jwt.get_unverified_header(token)["kid"]
        for keys in self.servers:
            try:
                key = keys.match_kid(keys.get_signing_keys(), kid)  # without the fetch on an unknown kid
                if key is None:
                    raise jwt.PyJWKClientError("unknown kid")
                jwt.decode(token, key.key, algorithms=[jwt.get_unverified_header(token)["alg"]], audience=audience, issuer=issuer)
                self.verified += 1
            except jwt.ExpiredSignatureError:
                pass
            except jwt.PyJWTError as error:
                if kid not in self.revoked:
                    self.failed.append("PyJWT: %s: %s" % (error, kid))

    def take(self, token=None, revoked=None, join=False, again=False):
        if token:
            self.tokens.append(token)
            self.verify(token)
        if revoked:
            self.revoked.add(revoked)
        if join:
            self.join()
        if again:
            self.again()

    def again(self):
        def lives(token):
            return jwt.decode(token, options={"verify_signature": False})["exp"] > time.time()
        self.tokens = [token for token in self.tokens if lives(token) and jwt.get_unverified_header(token)["kid"] not in self.revoked]
        for token in self.tokens:
            self.verify(token)
        print(json.dumps({"verified": self.verified, "fetched": Keys.fetched, "failed": self.failed}), flush=True)
        self.failed = []


def main():
    watch = Watch()
    for line in sys.stdin:
        watch.take(**json.loads(line))


if __name__ == "__main__":
    main()
