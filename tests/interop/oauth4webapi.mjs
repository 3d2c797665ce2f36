// A single-page app's way, by oauth4webapi and jose: discovery, token exchange, refresh, the refreshed token verified from the JWKS over HTTP.
// usage: node oauth4webapi.mjs ISSUER CLIENT_ID SESSION_TOKEN AUDIENCE     prints the claims as JSON
import * as oauth from 'oauth4webapi'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const [issuer, clientId, sessionToken, audience] = process.argv.slice(2)
const insecure = { [oauth.allowInsecureRequests]: true } // loopback has no TLS
const client = { client_id: clientId }
const auth = oauth.None()

const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...insecure })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)

const exchangeAnswer = await oauth.genericTokenEndpointRequest(server, client, auth,
  'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: sessionToken,
    subject_token_type: 'urn:hydrant:token-type:kratos-session',
    audience,
  }, insecure)
const exchanged = await oauth.processGenericTokenEndpointResponse(server, client, exchangeAnswer)

const refreshAnswer = await oauth.refreshTokenGrantRequest(server, client, auth, exchanged.refresh_token, insecure)
const refreshed = await oauth.processRefreshTokenResponse(server, client, refreshAnswer)

const keys = createRemoteJWKSet(new URL(server.jwks_uri))
const { payload, protectedHeader } = await jwtVerify(refreshed.access_token, keys, { issuer, audience, typ: 'at+jwt' })

// oauth4webapi's own check of an access token at a resource server (RFC 9068)
const request = new Request('https://api.example.com/', { headers: { authorization: `Bearer ${refreshed.access_token}` } })
const checked = await oauth.validateJwtAccessToken(server, request, audience, insecure)

const revokeAnswer = await oauth.revocationRequest(server, client, auth, refreshed.refresh_token, insecure)
await oauth.processRevocationResponse(revokeAnswer)
const deadAnswer = await oauth.refreshTokenGrantRequest(server, client, auth, refreshed.refresh_token, insecure)
const dead = await oauth.processRefreshTokenResponse(server, client, deadAnswer).then(() => 'alive', (error) => error.error)

console.log(JSON.stringify({
  alg: protectedHeader.alg, payload, sub: checked.sub, scope: exchanged.scope, dead,
  rotated: exchanged.refresh_token !== refreshed.refresh_token,
  issued_token_type: exchanged.issued_token_type,
}))
