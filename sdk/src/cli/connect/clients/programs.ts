import type { Guide } from './guide.ts'
import { TOKEN_VARIABLE } from './mcp-client.ts'
import type { Endpoint } from './mcp-client.ts'

/** A Python program that signs in through a browser, with the client of the Python SDK (mcp 1.x). */
const signIn = (url: string) => `import asyncio, webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.shared.auth import OAuthClientMetadata

URL = "${url}"
answer = {}

class Memory(TokenStorage):  # keep both in a file that only you can read, to sign in once
    tokens = client = None
    async def get_tokens(self): return self.tokens
    async def set_tokens(self, tokens): self.tokens = tokens
    async def get_client_info(self): return self.client
    async def set_client_info(self, client): self.client = client

class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        answer.update({key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this page.")
    def log_message(self, *_): pass

listener = HTTPServer(("127.0.0.1", 0), Callback)

async def open_browser(url): webbrowser.open(url)

async def callback():
    while not answer.keys() & {"code", "error"}: await asyncio.to_thread(listener.handle_request)
    if "error" in answer: raise SystemExit(answer.get("error_description", answer["error"]))
    return answer["code"], answer.get("state")

auth = OAuthClientProvider(URL, OAuthClientMetadata(
    client_name="My agent", redirect_uris=[f"http://127.0.0.1:{listener.server_port}/callback"],
    grant_types=["authorization_code", "refresh_token"], response_types=["code"], token_endpoint_auth_method="none",
), Memory(), open_browser, callback)
`

const withToken = (url: string) => `import asyncio, os

URL = "${url}"
headers = {"Authorization": f"Bearer {os.environ['${TOKEN_VARIABLE}']}"}
`

const program = ({ url, token }: Endpoint, imports: string, main: (access: string) => string) =>
  token === undefined ? `${imports}${signIn(url)}${main('"auth": auth')}` : `${imports}${withToken(url)}${main('"headers": headers')}`

const steps = (packages: string) => (endpoint: Endpoint) => [
  `pip install ${packages}`,
  endpoint.token === undefined
    ? 'The program opens a browser to sign in. For an agent that runs without a person, take the token of a service account or a personal access token: --token.'
    : 'The program lists the tools.',
]

export const langchain: Guide = {
  title: 'LangChain',
  token: 'optional',
  text: (endpoint) =>
    program(
      endpoint,
      'from langchain_mcp_adapters.client import MultiServerMCPClient\n',
      (access) => `
async def main():
    client = MultiServerMCPClient({"${endpoint.name}": {"transport": "streamable_http", "url": URL, ${access}}})
    print([tool.name for tool in await client.get_tools()])

asyncio.run(main())`,
    ),
  steps: steps('langchain-mcp-adapters'),
}

export const openaiAgents: Guide = {
  title: 'The OpenAI Agents SDK',
  token: 'optional',
  text: (endpoint) =>
    program(
      endpoint,
      'from agents.mcp import MCPServerStreamableHttp\n',
      (access) => `
async def main():
    async with MCPServerStreamableHttp(name="${endpoint.name}", params={"url": URL, ${access}}) as server:
        print([tool.name for tool in await server.list_tools()])

asyncio.run(main())`,
    ),
  steps: steps('openai-agents'),
}
