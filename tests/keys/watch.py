"""watch: what resource servers see of the keys: every key set that was served, every token, and whether each token verifies with each set that somebody may
hold at that time."""
import jwt

from parts import claims_of, header_of, unpadded



class Token:
    def __init__(self, text):
        self.text, self.kid, self.exp = text, header_of(text)["kid"], claims_of(text)["exp"]
        signed, _, signature = text.rpartition(".")
        self.signed, self.signature = signed.encode(), unpadded(signature)


class Watch:
    def __init__(self, cache_s):
        """cache_s: nobody keeps a key set for longer"""
        self.cache_s = cache_s
        self.sets = []  # (when, {kid: JWK}), of all servers
        self.tokens = []
        self.verified = 0
        self.parsed = {}

    def see_set(self, at, jwks):
        keys = {key["kid"]: key for key in jwks["keys"]}
        assert len(keys) == len(jwks["keys"])
        for key in jwks["keys"]:
            assert "d" not in key and "p" not in key, key
            if key["kid"] not in self.parsed:
                self.parsed[key["kid"]] = jwt.PyJWK(key)
        self.sets = [(when, known) for when, known in self.sets if when >= at - self.cache_s] + [(at, keys)]

    def see_token(self, at, text):
        """its key must be in every key set that anyone keeps at this time"""
        token = Token(text)
        for when, keys in self.sets:
            assert when < at - self.cache_s or token.kid in keys, "%s signs, and was not in the set of %d s before" % (token.kid, at - when)
        self.tokens.append(token)
        return token

    def verify(self, at, max_age_s):
        """every token that lives, by the newest set and by the one that is as old as a cache may be"""
        self.tokens = [token for token in self.tokens if token.exp > at]
        held = [keys for when, keys in self.sets if when <= at - max_age_s][-1:] + [self.sets[-1][1]]
        for token in self.tokens:
            for keys in held:
                assert token.kid in keys, "%s is gone, and a token of it lives for %d s" % (token.kid, token.exp - at)
                key = self.parsed[token.kid]
                assert key.Algorithm.verify(token.signed, key.key, token.signature), token.text
                self.verified += 1
