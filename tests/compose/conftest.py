import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from http_fixtures import *  # noqa: E402,F401,F403
from private_postgres import postgres  # noqa: E402,F401
