"""terminal: runs one of hydrant's commands to its end, as an operator does."""
import os
import subprocess

from parts import BUILD, sanitizer_environment

DEADLINE_S = 60


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return "exit %d\n--- out\n%s\n--- err\n%s" % (self.code, self.out, self.err)


def without_ours(environment):
    """what the tests' own environment says must not become a setting"""
    return {name: value for name, value in environment.items() if name != "DSN" and not name.startswith(("SERVE_", "SECRETS_", "HYDRANT_ADMIN"))}


def run(*arguments, environment=None, given=None):
    done = subprocess.run([os.path.join(BUILD, "hydrant"), *arguments], input=given, capture_output=True, text=True, timeout=DEADLINE_S,
                          env={**without_ours(os.environ), **sanitizer_environment(), **(environment or {})})
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr[-6000:]
    return Done(done.returncode, done.stdout, done.stderr)
