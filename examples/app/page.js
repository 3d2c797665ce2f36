// page.js: what a single-page app does with Hydrant: exchange the cookie that script can't read, show the token, verify it, refresh it.
'use strict';

const HYDRANT = document.documentElement.dataset.hydrant;
const place = document.getElementById('spa');
let refreshToken = null;

function put(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  place.append(element);
  return element;
}

function button(text, run) {
  put('button', text).addEventListener('click', () => run().catch((error) => put('p', String(error), 'error')));
}

// RFC 8693: subject_token=cookie lets the browser attach Kratos' HttpOnly cookie; RFC 6749 6: the refresh
async function ask(parameters) {
  const answer = await fetch(HYDRANT + '/oauth2/token', {
    method: 'POST',
    credentials: 'include',
    body: new URLSearchParams({ client_id: 'spa', ...parameters }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status} ${said.error}: ${said.error_description}`);
  return said;
}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const read = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

// as any service does it: the key by its kid from the JWKS
async function verify(token) {
  const [head, payload, signature] = token.split('.');
  const { keys } = await (await fetch(HYDRANT + '/.well-known/jwks.json')).json();
  const jwk = keys.find((key) => key.kid === read(head).kid);
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes(signature), new TextEncoder().encode(`${head}.${payload}`));
}

async function show(said, how) {
  refreshToken = said.refresh_token ?? null;
  place.replaceChildren();
  put('h2', `Hydrant's access token, ${how}`);
  put('pre', JSON.stringify(read(said.access_token.split('.')[1]), null, 2));
  const good = await verify(said.access_token);
  put('p', good ? 'It verifies against the JWKS.' : 'It does not verify.', good ? 'good' : 'error');
  put('p', `It is good for ${said.expires_in} s.`);
  buttons();
}

function buttons() {
  button('Exchange the session', async () =>
    show(await ask({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: 'cookie', subject_token_type: 'urn:hydrant:token-type:kratos-cookie' }), 'exchanged'));
  if (refreshToken) button('Refresh', async () => show(await ask({ grant_type: 'refresh_token', refresh_token: refreshToken }), 'refreshed'));
}

buttons();
