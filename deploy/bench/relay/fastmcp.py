"""FastMCP's proxy as its documentation shows it: `create_proxy(url)`, served over HTTP without sessions."""

import sys

from fastmcp.server import create_proxy

create_proxy(sys.argv[1], name="proxy").run(
    transport="http", host="127.0.0.1", port=int(sys.argv[2]), stateless_http=True, json_response=True, show_banner=False, log_level="ERROR"
)
