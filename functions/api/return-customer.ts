import { StoreUnavailable } from "#adapters/dynamodb/errors.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import type { ReturnLinks } from "#adapters/kms/return-links.ts";
import type { PaymentSaga } from "#adapters/stepfunctions/payment-saga.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { type Returning, returnPage } from "#core/payments/return-link.ts";
import type { Page } from "./http/answer.ts";
import type { ApiRequest } from "./http/request.ts";

/** How long a customer waits for the outcome, so that the merchant's page finds it. The saga goes on without them. */
const waitMs = 4_000;
/** Who reloads faster than this makes nobody ask again. */
const askEveryMs = 2_000;
/** Payments whose last inquiry is remembered; beyond them, the oldest goes. */
const rememberedMax = 1_000;

interface Ports {
  readonly payments: Pick<PaymentStore, "get">;
  readonly saga: Pick<PaymentSaga, "run">;
  readonly links: Pick<ReturnLinks, "isOurs">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * `GET /v1/payments/{id}/return?merchant=…&signature=…`: a customer comes back from an acquirer's page. That they came is
 * all that is believed: the saga asks the acquirer. Then the browser goes to the page that the merchant named when it
 * created the payment, and nowhere else. Without the signature of ours nothing is looked up, and nothing is told.
 */
export function returnCustomers(ports: Ports): (request: ApiRequest) => Promise<Page> {
  const askedAt = new Map<string, number>();
  const mayAsk = ({ id }: Payment): boolean => {
    const now = ports.now();
    if (now - (askedAt.get(id) ?? Number.NEGATIVE_INFINITY) < askEveryMs) return false;
    askedAt.delete(id);
    const [oldest] = askedAt.keys();
    if (askedAt.size >= rememberedMax && oldest !== undefined) askedAt.delete(oldest);
    askedAt.set(id, now);
    return true;
  };
  return async (request) => {
    try {
      const payment = await paymentOf(ports, request);
      if (payment?.state === "requires_action" && mayAsk(payment))
        await ports.saga.run(payment, waitMs, { step: "resume" });
      return payment?.returnUrl === undefined ? donePage : redirectTo(returnPage(payment.returnUrl, payment));
    } catch (error) {
      if (error instanceof StoreUnavailable || error instanceof KeysUnavailable) return laterPage;
      throw error;
    }
  };
}

async function paymentOf({ payments, links }: Ports, request: ApiRequest): Promise<Payment | undefined> {
  const returning = returningIn(request);
  const { signature = "" } = request.query;
  if (returning === undefined || !(await links.isOurs(returning, signature))) return undefined;
  return payments.get(returning.book, returning.id);
}

/** Acquirers may add to the query: what is not known here is passed over. */
function returningIn({ parameters, query }: ApiRequest): Returning | undefined {
  const id = parsePaymentId(parameters["id"] ?? "");
  const book = parseMerchantId(query["merchant"] ?? "");
  return id === undefined || book === undefined ? undefined : { book, id };
}

/** The link is a secret between us and the customer: it is kept in no cache, and told to no other site. */
const discreet = { "cache-control": "no-store", "referrer-policy": "no-referrer" };

const redirectTo = (location: string): Page => ({
  statusCode: 303,
  headers: { ...discreet, location },
  html: "",
});

const page = (statusCode: number, text: string, headers: Readonly<Record<string, string>> = {}): Page => ({
  statusCode,
  headers: {
    ...discreet,
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors *",
    ...headers,
  },
  html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Your payment</title>
</head>
<body>
<p>${text}</p>
</body>
</html>
`,
});

/** For a payment without a page to return to, and for every link that is not ours: it must not tell which. */
const donePage = page(200, "Thank you. You may close this page, and go back to the shop.");
const laterPage = page(503, "We cannot see your payment at this moment. Please reload this page.", {
  "retry-after": "1",
});
