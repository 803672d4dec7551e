// An OpenID provider on loopback: client credentials, JWT and opaque access tokens, introspection, revocation and key
// rotation. Prints one line of JSON when it listens, and ends when its standard input does.
//
// `POST /keys` adds a key, published beside the old ones, that signs from then on. Keys are fixed when a provider is
// made, so this makes one anew over the same store.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const SIGNED = { id_token_signed_response_alg: 'ES256' };
const CLIENT = { id: 'orders-client', secret: 'a secret of the tests' };
const API = { id: 'gateway', secret: 'another secret of the tests' };
/** Resources whose access tokens are JWTs; those of any other are opaque. */
const JWT_RESOURCES = ['urn:orders'];

class Store {
  static #held = new Map();
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async upsert(id, payload) { Store.#held.set(this.key(id), payload); }
  async find(id) { return Store.#held.get(this.key(id)); }
  async destroy(id) { Store.#held.delete(this.key(id)); }
  async consume(id) { Store.#held.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async revokeByGrantId() {}
}

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256', use: 'sig' };
}

function makeProvider(issuer, keys) {
  return new Provider(issuer, {
    adapter: Store,
    jwks: { keys },
    clients: [
      {
        client_id: CLIENT.id, client_secret: CLIENT.secret, grant_types: ['client_credentials'],
        redirect_uris: [], response_types: [], ...SIGNED, scope: 'orders:read orders:write',
      },
      {
        client_id: API.id, client_secret: API.secret, grant_types: [],
        redirect_uris: [], response_types: [], ...SIGNED,
      },
    ],
    scopes: ['orders:read', 'orders:write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:orders',
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: 'orders:read orders:write',
          accessTokenTTL: 600,
          ...(JWT_RESOURCES.includes(resource)
            ? { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
            : { accessTokenFormat: 'opaque' }),
        }),
      },
    },
  });
}

const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/keys') {
    keys = [newKey(), ...keys];
    handle = makeProvider(issuer, keys).callback();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(keys.map(({ kid }) => kid)));
  } else {
    handle(request, response);
  }
});
let keys = [newKey()];
let issuer;
let handle;
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  handle = makeProvider(issuer, keys).callback();
  console.log(JSON.stringify({ issuer, client: CLIENT, api: API }));
});
process.stdin.on('end', () => process.exit(0)).resume();
