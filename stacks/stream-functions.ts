import type { FunctionDeclaration } from "./function-declaration.ts";
import { newsTypes } from "./news.ts";

/** What is new in the journal: records never change, and nobody takes them away. */
const journalRecords = {
  eventName: ["INSERT"],
  dynamodb: { NewImage: { record: { S: ["entry", "failure", "resolution"] } } },
};

/** Readers of the tables' streams and of the stream of events. */
export const streamFunctions = {
  Relay: {
    handler: "functions/consumers/relay.handler",
    purpose:
      "Turns each committed change of a payment or a dispute into an event, and a reminder where it may get stuck",
    memoryMb: 512,
    timeoutSeconds: 30,
    consumes: {
      from: "table",
      name: "payments",
      batchSize: 200,
      // Refunds move with their payment, whose own change says so.
      filters: [{ dynamodb: { Keys: { sk: { S: ["payment", "dispute"] } } } }],
      retriesMax: 8,
    },
    putsOn: ["paymentEvents"],
    sendsTo: ["checks"],
    knowsEpoch: true,
  },
  RecordEvents: {
    handler: "functions/consumers/record-events.handler",
    purpose: "Keeps events for whoever asks for them",
    memoryMb: 512,
    timeoutSeconds: 30,
    consumes: { from: "stream", name: "paymentEvents", batchSize: 200, retriesMax: 8 },
    tables: { events: { may: ["batchWrite"] } },
  },
  Notify: {
    handler: "functions/consumers/notify.handler",
    purpose: "Tells merchants by e-mail and SMS what happened to their payments",
    memoryMb: 256,
    timeoutSeconds: 30,
    consumes: {
      from: "stream",
      name: "paymentEvents",
      // Each is a call of its own, all at once. Nobody waits for a mail by the second, and each invocation has its price.
      batchSize: 25,
      windowSeconds: 2,
      filters: [{ data: { type: newsTypes } }],
      retriesMax: 8,
    },
    tables: {
      merchants: { may: ["get"] },
      // What it claims lies apart from the API's answers.
      idempotency: { may: ["put", "delete"], onlyUnder: { put: ["*#told#*"], delete: ["*#told#*"] } },
    },
    publishesTo: ["news"],
  },
  Folder: {
    handler: "functions/consumers/folder.handler",
    purpose: "Keeps the balances of unguarded accounts, from the journal",
    memoryMb: 512,
    timeoutSeconds: 30,
    tables: { ledger: { may: ["get", "put"], onlyUnder: { put: ["*#fold"] } } },
    consumes: {
      from: "table",
      name: "ledger",
      // Lambda looks four times a second, which is window enough. bench/folder.ts measures batches.
      batchSize: 1_000,
      // Accounts and the folds themselves lie in the same table, and no balance follows from them.
      filters: [journalRecords],
      retriesMax: "unbounded",
    },
  },
  JournalRelay: {
    handler: "functions/consumers/journal-relay.handler",
    purpose: "Turns each record of the journal into an event, for the archive and the warehouse",
    memoryMb: 512,
    timeoutSeconds: 30,
    consumes: {
      from: "table",
      name: "ledger",
      // Finance does not wait for it by the second, and each invocation has its price.
      batchSize: 200,
      windowSeconds: 2,
      filters: [journalRecords],
      retriesMax: 8,
    },
    putsOn: ["paymentEvents"],
  },
} as const satisfies Record<string, FunctionDeclaration>;
