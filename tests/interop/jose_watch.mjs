// Resource servers with jose: each token is verified by all of them when it comes, and again and again until it ends. Each has a key set of its own
// (createRemoteJWKSet), fetched from one server or the other; others join later, and so fetch at other times.
// usage: node jose_watch.mjs ISSUER AUDIENCE MAX_AGE_S JWKS_URL...     a line of JSON for each line of JSON:
//   {"token": "..."}   one more                     no answer
//   {"revoked": "KID"} its tokens are not looked at no answer
//   {"join": true}     one more resource server of each kind, no answer
//   {"again": true}    all that live, once more     -> {"verified": so often in all, "fetched": so often in all, "failed": ["...", ...]}
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'

const [issuer, audience, maxAgeS, ...urls] = process.argv.slice(2)
const maxAge = Number(maxAgeS) * 1000
const KINDS = {
  'as it comes': {},
  'fetches when max-age is over, and not before': { cacheMaxAge: maxAge, cooldownDuration: maxAge },
  'fetches when max-age and stale-if-error are over, and not before': { cacheMaxAge: 2 * maxAge, cooldownDuration: 2 * maxAge },
}

let verified = 0, fetched = 0, failed = []
const servers = []
const revoked = new Set()
let tokens = []

function fetchFromOne(_, options) {
  const url = urls[Math.floor(Math.random() * urls.length)]
  fetched++
  return fetch(url, options).catch(() => fetch(url, options)) // its kept connection was just closed: the clock jumped
}

function join() {
  for (const [kind, options] of Object.entries(KINDS)) {
    servers.push({ kind, keys: createRemoteJWKSet(new URL(urls[0]), { ...options, [customFetch]: fetchFromOne }) })
  }
}

async function verify(token, server) {
  try {
    await jwtVerify(token, server.keys, { issuer, audience, typ: 'at+jwt' })
    verified++
  } catch (error) {
    const { kid, alg } = decodeProtectedHeader(token)
    if (error instanceof errors.JWTExpired || revoked.has(kid)) return
    failed.push(`${server.kind}: ${error.code ?? error}: ${alg} ${kid}`)
  }
}

const verifyAll = (some) => Promise.all(some.flatMap((token) => servers.map((server) => verify(token, server))))

async function again() {
  tokens = tokens.filter((token) => decodeJwt(token).exp * 1000 > Date.now() && !revoked.has(decodeProtectedHeader(token).kid))
  await verifyAll(tokens)
  console.log(JSON.stringify({ verified, fetched, failed }))
  failed = []
}

async function take({ token, revoked: kid, join: joins, again: all }) {
  if (token) tokens.push(token)
  if (token) await verifyAll([token])
  if (kid) revoked.add(kid)
  if (joins) join()
  if (all) await again()
}

join()
for await (const line of createInterface({ input: process.stdin })) await take(JSON.parse(line))
