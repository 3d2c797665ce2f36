// A resource server's way, by oauth4webapi: discovery, then introspection of a token, as JSON and as a JWT (RFC 9701) whose signature is checked against the JWKS.
// usage: node introspect.mjs ISSUER CLIENT_ID CLIENT_SECRET TOKEN [TOKEN ...]     prints [{json, jwt}, ...]
import * as oauth from 'oauth4webapi'

const [issuer, clientId, secret, ...tokens] = process.argv.slice(2)
const insecure = { [oauth.allowInsecureRequests]: true } // loopback has no TLS
const client = { client_id: clientId }
const auth = oauth.ClientSecretBasic(secret)

const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)

const said = []
for (const token of tokens) {
  const plain = await oauth.introspectionRequest(server, client, auth, token, insecure)
  const json = await oauth.processIntrospectionResponse(server, client, plain)
  const signed = await oauth.introspectionRequest(server, client, auth, token, { requestJwtResponse: true, ...insecure })
  const type = signed.headers.get('content-type')
  const jwt = await oauth.processIntrospectionResponse(server, client, signed)
  await oauth.validateApplicationLevelSignature(server, signed, insecure)
  said.push({ json, jwt, type })
}
console.log(JSON.stringify(said))
