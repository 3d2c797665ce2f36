from http_fixtures import *  # noqa: F401,F403
from private_postgres import postgres  # noqa: F401
