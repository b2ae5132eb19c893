import type { FunctionDeclaration } from "./function-declaration.ts";

/**
 * As long as Lambda lets a call run. A pass ends its call after two minutes, but not within a page: one account of the
 * chart, or one shard, may be a long journal (functions/tasks/failover/pass.ts).
 */
const passSecondsMax = 900;

/** The tasks of the failover. A pass goes through a part of a table for as long as it may, and says where it stopped. */
export const failoverFunctions = {
  AdmitFailover: {
    handler: "functions/tasks/failover/admit.handler",
    purpose: "Writes down who decided that the other region is lost, or refuses to take over from it",
    memoryMb: 256,
    timeoutSeconds: 30,
    tables: { deadLetters: { may: ["query", "update"] } },
    knowsEpoch: true,
  },
  FenceOldRegion: {
    handler: "functions/tasks/failover/fence-old-region.handler",
    purpose: "Denies the functions of the region that is left whatever they may do",
    memoryMb: 256,
    timeoutSeconds: 60,
    promotes: "fences",
  },
  TakePayments: {
    handler: "functions/tasks/failover/take-payments.handler",
    purpose: "Takes over payments and refunds of a region that is lost",
    memoryMb: 1_024,
    timeoutSeconds: passSecondsMax,
    tables: {
      payments: { may: ["scan", "get", "put", "update"] },
      ledger: { may: ["batchGet", "put"], onlyUnder: { put: ["*#journal#*"] } },
      deadLetters: { may: ["put"] },
    },
    sendsTo: ["checks"],
  },
  TakeAnswers: {
    handler: "functions/tasks/failover/take-answers.handler",
    purpose: "Takes away answers that speak of what a lost region did not hand over",
    memoryMb: 512,
    timeoutSeconds: passSecondsMax,
    tables: {
      idempotency: { may: ["scan", "delete"] },
      payments: { may: ["batchGet"] },
      ledger: { may: ["batchGet"] },
      deadLetters: { may: ["put"] },
    },
    // It asks what is there, and writes to no books.
    knowsEpoch: false,
  },
  TakeJournal: {
    handler: "functions/tasks/failover/take-journal.handler",
    purpose: "Brings by what entries are found in line with the journal that a lost region left",
    memoryMb: 1_024,
    timeoutSeconds: passSecondsMax,
    tables: {
      payments: { may: ["batchGet"] },
      ledger: {
        may: ["scan", "batchGet", "put", "delete"],
        onlyUnder: {
          put: ["*#account#acc_*", "*#expiring#*", "*#postings#acc_*"],
          delete: ["*#postings#acc_*"],
        },
      },
      deadLetters: { may: ["put"] },
    },
  },
  TakeAccounts: {
    handler: "functions/tasks/failover/take-accounts.handler",
    purpose: "Rebuilds the balances of guarded accounts from the journal that a lost region left",
    memoryMb: 1_024,
    timeoutSeconds: passSecondsMax,
    tables: {
      ledger: { may: ["scan", "query", "update"], onlyUnder: { update: ["*#account#*"] } },
      deadLetters: { may: ["put"] },
    },
  },
  RecountFolds: {
    handler: "functions/tasks/failover/recount-folds.handler",
    purpose: "Counts the balances of unguarded accounts anew, from the journal that a lost region left",
    memoryMb: 1_024,
    timeoutSeconds: passSecondsMax,
    tables: {
      ledger: { may: ["query", "get", "put"], onlyUnder: { put: ["*#fold"] } },
      merchants: { may: ["scan"] },
      deadLetters: { may: ["put"] },
    },
  },
  EnableSources: {
    handler: "functions/tasks/failover/enable-sources.handler",
    purpose: "Lets queues, streams and schedules reach the functions of a region that stood by",
    memoryMb: 256,
    timeoutSeconds: 60,
    promotes: "enables",
  },
  OpenRegion: {
    handler: "functions/tasks/failover/open-region.handler",
    purpose: "Writes down that the region has taken over, and says so",
    memoryMb: 256,
    timeoutSeconds: 30,
    tables: { deadLetters: { may: ["put", "update"] } },
    knowsEpoch: true,
  },
  PromoteBooks: {
    handler: "functions/tasks/failover/promote-books.handler",
    purpose: "Lets the books of a region that has opened be written to",
    memoryMb: 256,
    timeoutSeconds: 60,
    promotes: "books",
  },
} as const satisfies Record<string, FunctionDeclaration>;
