import { disputeFunctions } from "./dispute-functions.ts";
import { failoverFunctions } from "./failover-functions.ts";
import { allAccounts, apiTimeoutSeconds, type FunctionDeclaration } from "./function-declaration.ts";
import { consumerTimeoutSeconds } from "./messaging.ts";
import { streamFunctions } from "./stream-functions.ts";

/** What may be shown of a stored card. The ciphertext is not among them. */
const publicCardAttributes = [
  "pk",
  "sk",
  "brand",
  "bin",
  "last4",
  "exp_month",
  "exp_year",
  "fingerprint",
  "created_at",
];

const declarations = {
  PaymentsApi: {
    handler: "functions/api/payments.handler",
    purpose: "Creates and reads payments, captures, cancels, refunds and redacts them",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    tables: {
      payments: { may: ["get", "batchGet", "query", "put", "check"], mayQueryIndexes: ["by_time"] },
      idempotency: { may: ["get", "put", "update", "delete"] },
      merchants: { may: ["get"] },
      vault: { may: ["get"], onlyAttributes: publicCardAttributes },
    },
    awaits: ["payment", "refund"],
    variables: ["ORIGIN_SECRETS"],
  },
  CardTokensApi: {
    handler: "functions/api/card-tokens.handler",
    purpose: "Stores cards: the only function that receives card numbers",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    // It can seal a card and not open one: a repeated request is told by its digest.
    tables: { vault: { may: ["put"] } },
    keys: { vault: ["generateDataKey"], fingerprint: ["generateMac"] },
    variables: ["ORIGIN_SECRETS"],
  },
  LedgerApi: {
    handler: "functions/api/ledger.handler",
    purpose: "Shows the books, and keeps the merchants' own accounts",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    tables: {
      // The accounts of the chart and the folds lie under other keys: it may not touch those at all.
      ledger: {
        may: ["batchGet", "query", "put", "update"],
        onlyUnder: {
          put: ["*#account#acc_*", "*#accounts#*", "*#expiring#*", "*#journal#*", "*#postings#acc_*"],
          update: ["*#account#acc_*"],
        },
      },
      idempotency: { may: ["get", "put", "update", "delete"] },
      // An operator's trial balance is the sum over all books, which are the merchants.
      merchants: { may: ["get", "scan"] },
    },
    variables: ["ORIGIN_SECRETS"],
  },
  FallbackApi: {
    handler: "functions/api/fallback.handler",
    purpose: "Answers 404 and 405, whose form API Gateway fixes, and says that the API is there",
    memoryMb: 256,
    timeoutSeconds: apiTimeoutSeconds,
    variables: ["ORIGIN_SECRETS"],
  },
  EventsApi: {
    handler: "functions/api/events.handler",
    purpose: "Lists what happened to a merchant's payments",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    tables: {
      events: { may: ["query", "batchGet"], mayQueryIndexes: ["by_time"] },
      // Whether a payment without events is there at all, and what opens its texts in them: nothing else about it.
      payments: { may: ["get", "batchGet"], onlyAttributes: ["pk", "sk", "text_key"] },
    },
    variables: ["ORIGIN_SECRETS"],
  },
  AcquirersApi: {
    handler: "functions/api/acquirers.handler",
    purpose: "Hears what acquirers tell unasked, takes customers back, and lets payments and disputes go on",
    memoryMb: 512,
    timeoutSeconds: 10,
    tables: { payments: { may: ["get"] }, deadLetters: { may: ["put"] } },
    keys: { returns: ["generateMac"] },
    awaits: ["payment"],
    starts: ["dispute"],
    variables: ["ACQUIRERS", "ACQUIRER_NOTIFICATION_SECRETS", "ORIGIN_SECRETS"],
  },
  MerchantsApi: {
    handler: "functions/api/merchants.handler",
    purpose: "Onboards merchants, gives them clients to sign in with, and asks them whom to tell of what",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    tables: {
      // In place it changes one thing: who names an address.
      merchants: { may: ["get", "put", "scan", "update"], onlyUnder: { update: ["address#*"] } },
    },
    subscribesTo: ["news"],
    registersClients: true,
    variables: ["ORIGIN_SECRETS"],
  },
  OpsApi: {
    handler: "functions/api/ops.handler",
    purpose:
      "Shows operators disputes and what was given up, gives it back, and tells what happened to a payment",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    tables: {
      deadLetters: { may: ["get", "query", "update"] },
      // All of a payment's timeline, and merchants' disputes: operators read them, and never write.
      payments: { may: ["get", "query", "batchGet"], mayQueryIndexes: ["by_time"] },
      ledger: { may: ["batchGet"] },
      events: { may: ["query"] },
      merchants: { may: ["scan"] },
    },
    sendsTo: ["checks"],
    invokes: ["Relay", "JournalRelay", "RecordEvents", "Notify"],
    redrives: ["recovery", "dispute"],
    describes: ["recovery", "dispute"],
    variables: ["ORIGIN_SECRETS"],
  },
  ReviewsApi: {
    handler: "functions/api/reviews.handler",
    purpose: "Writes down what operators say of payments and refunds in review, and their legal holds",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    // It books nothing and asks nobody: the recovery that it starts does, and the sagas behind that.
    tables: { payments: { may: ["get", "put"] }, merchants: { may: ["scan"] } },
    starts: ["recovery"],
    variables: ["ACQUIRERS", "ORIGIN_SECRETS"],
  },
  KeepDeadLetters: {
    handler: "functions/consumers/dead-letters.handler",
    purpose: "Keeps what was given up anywhere, before a queue or a stream forgets it",
    memoryMb: 256,
    timeoutSeconds: consumerTimeoutSeconds.deadLetters,
    consumes: { from: "queue", name: "deadLetters", batchSize: 10 },
    tables: { deadLetters: { may: ["put"] } },
    readsBack: [
      { from: "table", name: "payments" },
      { from: "table", name: "ledger" },
      { from: "stream", name: "paymentEvents" },
    ],
  },
  BearerAuthorizer: {
    handler: "functions/authorizer/bearer.handler",
    purpose: "Turns an access token into a merchant or an operator, and its scopes",
    memoryMb: 512,
    timeoutSeconds: 10,
    tables: { merchants: { may: ["get"] } },
    variables: ["TOKEN_ISSUER"],
  },
  // Tasks replace a payment whole, if it is still at the version that they decided on: `put`, never `update`.
  // The timeouts of tasks stay under those of their states in machine.asl.json: a state that gives up
  // first would retry beside a function that still runs.
  AuthorizeTask: {
    handler: "functions/tasks/authorize.handler",
    purpose: "Asks an acquirer to authorize a payment",
    memoryMb: 512,
    timeoutSeconds: 12,
    tables: { vault: { may: ["get"] }, payments: { may: ["put"] } },
    keys: { vault: ["decrypt"], returns: ["generateMac"] },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS", "PUBLIC_URL"],
  },
  PostTask: {
    handler: "functions/tasks/post.handler",
    purpose: "Posts an authorization to the ledger",
    memoryMb: 512,
    timeoutSeconds: 6,
    tables: { payments: { may: ["put"] }, ledger: { may: ["put"] } },
  },
  SettleTask: {
    handler: "functions/tasks/settle.handler",
    purpose: "Captures at the acquirer, and posts it",
    memoryMb: 512,
    timeoutSeconds: 12,
    tables: { payments: { may: ["put"] }, ledger: { may: ["put"] } },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS"],
  },
  CompensateTask: {
    handler: "functions/tasks/compensate.handler",
    purpose: "Voids the authorization and its hold after a definite refusal",
    memoryMb: 512,
    timeoutSeconds: 12,
    tables: { payments: { may: ["put"] }, ledger: { may: ["put"] } },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS"],
  },
  ResumeTask: {
    handler: "functions/tasks/resume.handler",
    purpose: "Asks the acquirer what became of a payment that waited for its customer",
    memoryMb: 512,
    timeoutSeconds: 12,
    tables: { payments: { may: ["put"] } },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS"],
  },
  TransferTask: {
    handler: "functions/tasks/transfer.handler",
    purpose: "Moves a payment from a wallet to the merchant's sales",
    memoryMb: 512,
    timeoutSeconds: 6,
    tables: {
      payments: { may: ["put"] },
      ledger: { may: ["put", "update"], onlyUnder: { update: allAccounts } },
    },
  },
  // Refunds are read again when somebody else moved them, or their payment, first.
  HoldRefundTask: {
    handler: "functions/tasks/hold-refund.handler",
    purpose: "Sets the money of a refund aside in the ledger, or pays a wallet back",
    memoryMb: 512,
    timeoutSeconds: 6,
    tables: {
      payments: { may: ["get", "put"] },
      ledger: { may: ["put", "update"], onlyUnder: { update: allAccounts } },
    },
  },
  GiveBackTask: {
    handler: "functions/tasks/give-back.handler",
    purpose: "Refunds at the acquirer, and posts it",
    memoryMb: 512,
    timeoutSeconds: 12,
    tables: {
      payments: { may: ["get", "put"] },
      ledger: { may: ["put", "update"], onlyUnder: { update: allAccounts } },
    },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS"],
  },
  ReviewRefundTask: {
    handler: "functions/tasks/review-refund.handler",
    purpose: "Marks a refund whose outcome is unknown for review",
    memoryMb: 512,
    timeoutSeconds: 6,
    tables: { payments: { may: ["get", "put"] } },
  },
  RecoverTask: {
    handler: "functions/tasks/recover.handler",
    purpose: "Asks what became of a payment that was left open, and hands it to the saga that goes on",
    memoryMb: 512,
    timeoutSeconds: 25,
    // It books nothing: the sagas that it starts do.
    tables: { payments: { may: ["get", "put"] } },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS"],
  },
  Check: {
    handler: "functions/consumers/check.handler",
    purpose: "Looks at payments that may have got stuck, and hands them to the recovery",
    memoryMb: 256,
    timeoutSeconds: consumerTimeoutSeconds.checks,
    consumes: { from: "queue", name: "checks", batchSize: 10 },
    tables: { payments: { may: ["get"] } },
    sendsTo: ["checks"],
    starts: ["recovery", "dispute"],
  },
  Expire: {
    handler: "functions/tasks/expire.handler",
    purpose: "Ends authorizations and challenges whose time has passed",
    memoryMb: 256,
    timeoutSeconds: 60,
    every: "rate(5 minutes)",
    tables: {
      payments: { may: ["get", "put"], mayQueryIndexes: ["due"] },
      ledger: { may: ["put"] },
      merchants: { may: ["scan"] },
    },
    starts: ["payment"],
  },
  ExpireHolds: {
    handler: "functions/tasks/expire-holds.handler",
    purpose: "Releases merchants' holds whose time has passed",
    memoryMb: 256,
    timeoutSeconds: 60,
    every: "rate(3 minutes)",
    tables: {
      // Of the accounts it touches the merchants' own, and what it may take away is the note of a hold's time.
      ledger: {
        may: ["batchGet", "query", "put", "update", "delete"],
        onlyUnder: {
          put: ["*#journal#*", "*#postings#acc_*"],
          update: ["*#account#acc_*"],
          delete: ["*#expiring#*"],
        },
      },
      merchants: { may: ["scan"] },
    },
  },
  ...streamFunctions,
  ...disputeFunctions,
  ...failoverFunctions,
  RotateBooksOwner: {
    handler: "functions/tasks/rotate-books-owner.handler",
    purpose: "Gives the books' owner a new password every week",
    memoryMb: 256,
    timeoutSeconds: 300,
    rotates: "booksOwner",
  },
  LoadWarehouse: {
    handler: "functions/tasks/load-warehouse.handler",
    purpose: "Takes over into the warehouse what the stream brought, or a day of the archive",
    memoryMb: 256,
    // It waits for Redshift, which ends a statement after as long.
    timeoutSeconds: 900,
    loads: "warehouse",
    carries: ["adapters/warehouse/sql"],
  },
  ReviewTask: {
    handler: "functions/tasks/review.handler",
    purpose: "Marks a payment whose outcome is unknown for review",
    memoryMb: 512,
    timeoutSeconds: 6,
    tables: { payments: { may: ["put"] } },
  },
} as const satisfies Record<string, FunctionDeclaration>;

export type FunctionName = keyof typeof declarations;
export const functions: { readonly [Name in FunctionName]: FunctionDeclaration } = declarations;
