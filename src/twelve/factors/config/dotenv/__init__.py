"""Variables as files: the one dialect that Twelve writes, and those of others."""

from twelve.factors.config.dotenv.own import Entry as Entry
from twelve.factors.config.dotenv.own import parse_dotenv as parse_dotenv
from twelve.factors.config.dotenv.own import parse_json as parse_json
from twelve.factors.config.dotenv.own import read_dotenv as read_dotenv
from twelve.factors.config.dotenv.own import write_dotenv as write_dotenv
from twelve.factors.config.dotenv.own import write_json as write_json
