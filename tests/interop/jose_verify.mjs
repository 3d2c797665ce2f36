// A resource server's way, by jose: the access token verified from the JWKS over HTTP, with that algorithm and no other.
// usage: node jose_verify.mjs ISSUER AUDIENCE JWKS_URL ALGORITHM TOKEN     prints header, claims, and what a changed token gives, as JSON
import { createRemoteJWKSet, jwtVerify } from 'jose'

const [issuer, audience, url, algorithm, token] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(url))
const options = { issuer, audience, typ: 'at+jwt', algorithms: [algorithm] }
const { payload, protectedHeader } = await jwtVerify(token, keys, options)

const [header, , signature] = token.split('.')
const changed = [header, Buffer.from(JSON.stringify({ ...payload, sub: 'admin' })).toString('base64url'), signature].join('.')
const refused = await jwtVerify(changed, keys, options).then(() => 'verified', (error) => error.code)

console.log(JSON.stringify({ header: protectedHeader, payload, refused }))
