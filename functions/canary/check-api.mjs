// JavaScript, and without imports: CloudWatch Synthetics gets this file as it stands, and no bundler decides what runs.
// Its types are in check-api.d.mts.

/** The longest that one request may take, in milliseconds. Reads take a tenth of a second. */
const requestMsMax = 10_000;

const scopes = "tallystick/payments.read tallystick/ledger.read";

export async function checkApi(visit) {
  const token = await signIn(visit);
  const payments = await read(visit, "/v1/payments?limit=1", token);
  if (payments.object !== "list") throw new Error("/v1/payments answered no list");
  const balances = await read(visit, "/v1/balances", token);
  if (balances.object !== "balances") throw new Error("/v1/balances answered no balances");
  await tryTheDoor(visit);
}

async function signIn({ tokenUrl, clientId, clientSecret }) {
  const response = await ask("signing in", tokenUrl, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: scopes }).toString(),
  });
  if (response.status !== 200) throw new Error(`signing in: HTTP ${response.status}`);
  const { access_token: token } = await response.json();
  if (typeof token !== "string") throw new Error("signing in: no token");
  return token;
}

async function read({ api }, path, token) {
  const response = await ask(path, api + path, { headers: { authorization: `Bearer ${token}` } });
  if (response.status !== 200) throw new Error(`${path}: HTTP ${response.status}`);
  return await response.json();
}

/** An API that answers everybody is worse than one that answers nobody. */
async function tryTheDoor({ api }) {
  const response = await ask("the door", `${api}/v1/payments`, {});
  await response.body?.cancel();
  if (response.status !== 401) throw new Error(`without a token: HTTP ${response.status}, not 401`);
}

/** The error says no URL, header or body. */
async function ask(step, url, init) {
  try {
    return await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(requestMsMax) });
  } catch (error) {
    throw new Error(`${step}: no answer (${error instanceof Error ? error.name : "unknown"})`);
  }
}
