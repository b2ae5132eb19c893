import { createHash } from "node:crypto";
import { escaped } from "#adapters/statements/markup.ts";
import { isCurrency } from "#core/money/currency.ts";
import { formatMoney, money } from "#core/money/money.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { type Answer, decode, parseJson, refuse } from "./http.ts";
import type { Authorization } from "./records.ts";

/** The page where a customer approves or refuses, as an issuer's 3DS page would be. */
export const pagePathOf = (reference: string): string => `/3ds/${encodeURIComponent(reference)}`;

const pagePath = /^\/3ds\/([^/]{1,400})$/;

const decisions: ReadonlyMap<unknown, "approved" | "declined"> = new Map([
  ["approve", "approved"],
  ["refuse", "declined"],
] as const);

/** Everybody with the link may come here: a customer's browser has no key. */
export function threeDs(
  acquirer: SandboxAcquirer,
  request: {
    readonly method: string;
    readonly path: string;
    readonly raw: string;
  },
): Answer {
  const reference = decode(pagePath.exec(request.path)?.[1]);
  if (reference === undefined) return refuse("unknown_route");
  if (request.method === "GET") return pageOf(acquirer.authorizationOf(reference));
  if (request.method !== "POST") return refuse("unknown_route");
  // By what it is, not by what it is called: a script's HTTP client may call all it sends a form.
  const json = parseJson(request.raw);
  const isScript = typeof json === "object" && json !== null;
  const result = isScript
    ? (json as { readonly result?: unknown }).result
    : new URLSearchParams(request.raw).get("result");
  const decision = decisions.get(result);
  if (decision === undefined) return refuse("malformed");
  const completed = acquirer.complete(reference, decision);
  if (!isScript) return afterForm(acquirer.authorizationOf(reference));
  return completed === "completed"
    ? { statusCode: 200, body: { reference, result: decision } }
    : refuse(completed);
}

/** The browser goes back to the merchant, or sees how it ended. */
function afterForm(authorization: Authorization | undefined): Answer {
  const { returnUrl } = authorization ?? {};
  return returnUrl === undefined
    ? pageOf(authorization)
    : { statusCode: 303, body: "", headers: { location: returnUrl, "content-type": "text/plain" } };
}

function pageOf(authorization: Authorization | undefined): Answer {
  if (authorization === undefined)
    return page(404, "Payment not found", "<p>The bank knows no such payment.</p>", undefined);
  const { returnUrl } = authorization;
  if (authorization.state === "pending" && authorization.otherwise === "declined")
    return page(200, "Confirm your payment", question(authorization), returnUrl);
  const back = returnUrl === undefined ? "" : `<p><a href="${escaped(returnUrl)}">Back to the shop</a></p>`;
  return page(200, "Confirm your payment", `<p role="status">${endOf(authorization)}</p>${back}`, returnUrl);
}

function question({ merchant, amount, currency }: Authorization): string {
  const sum = isCurrency(currency) ? formatMoney(money(BigInt(amount), currency)) : `${amount} ${currency}`;
  return `<p>Your bank asks whether you make this payment.</p>
<dl><div><dt>To</dt><dd>${escaped(merchant)}</dd></div><div><dt>Amount</dt><dd>${escaped(sum)}</dd></div></dl>
<form method="post">
<button name="result" value="approve">Approve</button>
<button name="result" value="refuse" class="quiet">Refuse</button>
</form>`;
}

function endOf({ state }: Authorization): string {
  switch (state) {
    case "pending":
      return "Your bank is still deciding. There is nothing for you to do.";
    case "declined":
      return "This payment was refused.";
    case "voided":
      return "This payment was canceled.";
    case "open":
    case "captured":
      return "You have approved this payment.";
  }
}

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#eef1f5, #14181d); }
main { box-sizing: border-box; width: min(26rem, calc(100vw - 2rem)); padding: 2rem; border-radius: 1rem;
  background: light-dark(#fff, #20262e); color: light-dark(#1b222b, #e8ecf1); box-shadow: 0 .5rem 2rem #0002; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
dl { margin: 1.5rem 0; }
dl div { display: flex; justify-content: space-between; gap: 1rem; padding: .6rem 0;
  border-top: 1px solid light-dark(#dde3ea, #3a434f); }
dt { color: light-dark(#51606f, #a3b0be); }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; text-align: right; font-variant-numeric: tabular-nums; }
form { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
button { font: inherit; font-weight: 600; min-height: 3rem; border-radius: .6rem; cursor: pointer;
  border: 2px solid #0b5fc4; background: #0b5fc4; color: #fff; }
button.quiet { background: transparent; color: light-dark(#0b5fc4, #8fc0ff); border-color: currentcolor; }
button:hover { filter: brightness(1.1); }
:focus-visible { outline: 3px solid #f2a900; outline-offset: 2px; }
a { color: light-dark(#0b5fc4, #8fc0ff); }
footer { margin-top: 1.5rem; font-size: .85rem; color: light-dark(#51606f, #a3b0be); }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

function page(statusCode: number, title: string, content: string, returnUrl: string | undefined): Answer {
  // Browsers hold all redirects after a form against this policy, and the client may send its customer on.
  const targets = returnUrl === undefined ? "'self'" : `'self' ${new URL(returnUrl).origin} https:`;
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${targets}; base-uri 'none'; frame-ancestors *`;
  return {
    statusCode,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
<footer>A sandbox bank: no money moves.</footer>
</main>
</body>
</html>
`,
  };
}
