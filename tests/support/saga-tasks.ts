import { randomBytes } from "node:crypto";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { Context } from "aws-lambda";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { CardTokenizer } from "#adapters/vault/card-tokenizer.ts";
import { concealedCard } from "#core/cards/card.ts";
import type { Pan } from "#core/cards/pan.ts";
import type { Account } from "#core/ledger/account.ts";
import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import { money } from "#core/money/money.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import { createPayment, type Payment, type PaymentMethod } from "#core/payments/payment.ts";
import { type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { SandboxAcquirer } from "#local/acquirers/acquirer.ts";
import { startServer } from "#local/acquirers/server.ts";
import type { StepOutput } from "#workflows/payment/contract.ts";
import type { RefundStepOutput } from "#workflows/refund/contract.ts";
import { demo, exampleCard, examplePayment } from "./examples.ts";
import { keyArns, startKeys } from "./keys.ts";
import { lambdaContext } from "./requests.ts";
import { startTables } from "./tables.ts";

type Handler<Output> = (event: unknown, context: Context) => Promise<Output>;
type StepName = "authorize" | "resume" | "transfer" | "post" | "settle" | "compensate" | "review";
type RefundStepName = "hold" | "giveBack" | "review";

/** Milliseconds that a step waits for a silent acquirer: the rest of its time is reserved for its writes. */
const remainingMs = 2_400;

/** What differs from a payment of 100.00 USD that is captured at once. */
interface Change {
  readonly currency?: Currency;
  readonly token?: string;
  readonly capture?: Payment["capture"];
  readonly method?: PaymentMethod;
}

const sandbox = async (name: string) => {
  let references = 0;
  // References count from 1 at every acquirer: only together with the acquirer do they name one authorization.
  const newReference = () => {
    references += 1;
    return `ref-${references}`;
  };
  const acquirer = new SandboxAcquirer({ name, clock: Date.now, newReference, digestKey: randomBytes(32) });
  const server = await startServer(acquirer, { port: 0, latencyMs: 0 });
  return { acquirer, server };
};

/**
 * The tasks of the payment saga as they are deployed, with tables, keys and acquirers of their own. `alpha` is asked
 * before `beta`; JPY goes to `nowhere`, where nobody listens. Call it once per test file: tasks read their
 * environment when they load.
 */
export async function startSagaTasks() {
  const [tables, keys, alpha, beta] = await Promise.all([
    startTables(),
    startKeys(),
    sandbox("alpha"),
    sandbox("beta"),
  ]);
  const acquirers = [
    { name: "alpha", url: alpha.server.url, currencies: ["EUR", "USD"], cost_bp: 20 },
    { name: "beta", url: beta.server.url, currencies: ["EUR", "USD"], cost_bp: 35 },
    { name: "nowhere", url: "http://127.0.0.1:1", currencies: ["JPY"], cost_bp: 1 },
  ];
  Object.assign(process.env, keys.environmentOf("saga-tasks"), {
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    PAYMENTS_TABLE: "payments",
    LEDGER_TABLE: "ledger",
    EPOCH: String(firstEpoch),
    VAULT_TABLE: "vault",
    VAULT_KEY_ARN: keyArns.vault,
    RETURNS_KEY_ARN: keyArns.returns,
    PUBLIC_URL: "https://api.test",
    ACQUIRERS: JSON.stringify(acquirers),
  });
  const handlers = await loadHandlers();

  const payments = new PaymentStore(tables.client, { payments: "payments", ledger: "ledger" }, firstEpoch);
  const refunds = new RefundStore(tables.client, { payments: "payments", ledger: "ledger" }, firstEpoch);
  const journal = new JournalStore(tables.client, "ledger");
  const names = { table: "vault", keyArn: keyArns.vault, fingerprintKeyArn: keyArns.fingerprint };
  const tokenizer = new CardTokenizer(tables.client, keys.clientOf("card-tokens"), names, randomBytes);

  let made = 0;
  async function tokenOf(number: string, book = demo): Promise<string> {
    const card = concealedCard({ number: number as Pan, expMonth: 12, expYear: 2035 });
    const tokenized = await tokenizer.tokenize({ book, card, now: Date.now() });
    if (tokenized.kind !== "created") throw new Error(tokenized.kind);
    return tokenized.token.id;
  }

  return {
    alpha: alpha.acquirer,
    beta: beta.acquirer,
    payments,
    refunds,
    tokenOf,

    /** A payment of 100.00 with this card, created a moment ago. */
    async create(card: string, change: Change = {}): Promise<Payment> {
      made += 1;
      const { fees, metadata, fingerprint } = examplePayment();
      const payment = createPayment(
        {
          id: paymentIdOf({ book: demo, route: "tasks", idempotencyKey: `key-${made}` }),
          book: demo,
          total: money(100_00n, change.currency ?? "USD"),
          capture: change.capture ?? "automatic",
          method: change.method ?? { ...exampleCard, token: change.token ?? (await tokenOf(card)) },
          fees,
          fingerprint,
          metadata,
        },
        Date.now(),
      );
      await payments.create(payment);
      return payment;
    },

    /** Runs a step as the state machine does: what goes in and what comes out is JSON. */
    async run(step: StepName, input: object): Promise<StepOutput> {
      return throughJson(handlers.steps[step], input);
    },

    /** Runs a step of the refund saga, likewise. */
    async runRefund(step: RefundStepName, input: object): Promise<RefundStepOutput> {
      return throughJson(handlers.refundSteps[step], input);
    },

    /** Opens an account of the merchant's own, with limits if it has any. */
    async open(account: Account): Promise<void> {
      const Item = guardedAccountItem(account);
      await tables.client.send(new PutItemCommand({ TableName: "ledger", Item }));
    },

    /** The payment as it is stored. */
    async stored(payment: Payment | PaymentRecord): Promise<PaymentRecord> {
      const found = await payments.get(demo, payment.id as Payment["id"]);
      if (found === undefined) throw new Error(`${payment.id} is not stored`);
      return toRecord(found);
    },

    /** What the journal says of the payment. */
    async journalOf(payment: Payment): Promise<JournalRecord[]> {
      const records: JournalRecord[] = [];
      for await (const record of journal.read(demo))
        if (entryIdOf(record).startsWith(`je_${payment.id}.`)) records.push(record);
      return records;
    },

    async stop(): Promise<void> {
      await Promise.all([tables.stop(), keys.stop(), alpha.server.stop(), beta.server.stop()]);
    },
  };
}

export type SagaTasks = Awaited<ReturnType<typeof startSagaTasks>>;

async function throughJson<Output>(handler: Handler<Output>, input: object): Promise<Output> {
  const output = await handler(JSON.parse(JSON.stringify(input)), lambdaContext(remainingMs));
  return JSON.parse(JSON.stringify(output));
}

interface Handlers {
  readonly steps: Readonly<Record<StepName, Handler<StepOutput>>>;
  readonly refundSteps: Readonly<Record<RefundStepName, Handler<RefundStepOutput>>>;
}

/** After the environment is set, and not before. */
export async function loadHandlers(): Promise<Handlers> {
  const [authorize, resume, transfer, post, settle, compensate, review, hold, giveBack, reviewRefund] =
    await Promise.all([
      import("#functions/tasks/authorize.ts"),
      import("#functions/tasks/resume.ts"),
      import("#functions/tasks/transfer.ts"),
      import("#functions/tasks/post.ts"),
      import("#functions/tasks/settle.ts"),
      import("#functions/tasks/compensate.ts"),
      import("#functions/tasks/review.ts"),
      import("#functions/tasks/hold-refund.ts"),
      import("#functions/tasks/give-back.ts"),
      import("#functions/tasks/review-refund.ts"),
    ]);
  const handlerOf =
    <Output>(task: { readonly handler: Handler<Output> }): Handler<Output> =>
    (event, context) =>
      task.handler(event, context);
  return {
    steps: {
      authorize: handlerOf(authorize),
      resume: handlerOf(resume),
      transfer: handlerOf(transfer),
      post: handlerOf(post),
      settle: handlerOf(settle),
      compensate: handlerOf(compensate),
      review: handlerOf(review),
    },
    refundSteps: {
      hold: handlerOf(hold),
      giveBack: handlerOf(giveBack),
      review: handlerOf(reviewRefund),
    },
  };
}
