import { allAccounts, apiTimeoutSeconds, type FunctionDeclaration } from "./function-declaration.ts";

/** What deals with disputes. Acquirers tell of them to `AcquirersApi`. */
export const disputeFunctions = {
  DisputesApi: {
    handler: "functions/api/disputes.handler",
    purpose: "Shows disputes, and takes what merchants say of them",
    memoryMb: 512,
    timeoutSeconds: apiTimeoutSeconds,
    // It posts nothing: the saga does, and a word moves no money.
    tables: {
      payments: { may: ["get", "batchGet", "query", "put"], mayQueryIndexes: ["by_time"] },
      idempotency: { may: ["get", "put", "update", "delete"] },
    },
    starts: ["dispute"],
    variables: ["ORIGIN_SECRETS"],
  },
  DisputeTask: {
    handler: "functions/tasks/dispute.handler",
    purpose: "Opens a dispute in the books, hands evidence to its acquirer, and posts how it ends",
    memoryMb: 512,
    timeoutSeconds: 25,
    tables: {
      payments: { may: ["get", "put"] },
      ledger: { may: ["put", "update"], onlyUnder: { update: allAccounts } },
    },
    variables: ["ACQUIRERS", "ACQUIRER_API_KEYS"],
  },
} as const satisfies Record<string, FunctionDeclaration>;
