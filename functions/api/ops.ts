import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { EventStore } from "#adapters/dynamodb/event-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { Redactions } from "#adapters/dynamodb/redactions.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { createReplayClients, Replayer } from "#adapters/operations/replayer.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { type DeadLetter, isOpen, parseDeadLetterId } from "#core/operations/dead-letter.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type Answer, found } from "./http/answer.ts";
import { cursorOf, positionOf } from "./http/cursor.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import { limit, readQuery } from "./http/query.ts";
import { type ApiRequest, requireOperator } from "./http/request.ts";
import { deadLetterSummary, deadLetterView } from "./ops/dead-letter-view.ts";
import { listAllDisputes } from "./ops/disputes.ts";
import { showTimelines } from "./ops/timeline.ts";

const dynamoDb = createDynamoDb();
const stepFunctions = createStepFunctions();
const deadLetters = new DeadLetterStore(dynamoDb, requiredVariable("DEAD_LETTERS_TABLE"));
const payments = requiredVariable("PAYMENTS_TABLE");
const disputes = new DisputeStore(dynamoDb, { payments }, writerEpoch());
const merchants = new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE"));
const replayer = new Replayer(createReplayClients(stepFunctions), [requiredVariable("CHECKS_QUEUE_URL")]);

/** What operations see and do. Operators only. */
export const handler = apiHandler({
  "/v1/ops/dead-letters": { GET: listDeadLetters },
  "/v1/ops/dead-letters/:id": { GET: showDeadLetter },
  "/v1/ops/dead-letters/:id/replay": { POST: replayDeadLetter },
  "/v1/ops/disputes": { GET: listAllDisputes({ disputes, merchants }) },
  "/v1/ops/payments/:id/timeline": {
    GET: showTimelines({
      payments: new PaymentStore(dynamoDb, { payments }, writerEpoch()),
      refunds: new RefundStore(dynamoDb, { payments }, writerEpoch()),
      disputes,
      redactions: new Redactions(dynamoDb, { payments }, writerEpoch()),
      journal: new JournalStore(dynamoDb, requiredVariable("LEDGER_TABLE")),
      events: new EventStore(dynamoDb, requiredVariable("EVENTS_TABLE")),
      merchants,
      deadLetters,
      executions: stepFunctions,
      recoveryArn: requiredVariable("RECOVERY_SAGA_ARN"),
      disputeArn: requiredVariable("DISPUTE_SAGA_ARN"),
    }),
  },
});

const listQuery = z.strictObject({
  limit,
  cursor: z.string().max(200).optional(),
  state: z.enum(["open", "replayed", "all"]).default("open"),
});
const listScope = "dead letters";

/** Newest first. A page is filtered by `state` after it was read: it may be short, and `next_cursor` still goes on. */
async function listDeadLetters(request: ApiRequest): Promise<Answer> {
  requireOperator(request, "ops.read", "ops.write");
  const query = readQuery(request, listQuery);
  const page = await deadLetters.list({
    limit: query.limit,
    ...(query.cursor === undefined ? {} : { before: positionOf(listScope, query.cursor) }),
  });
  const shown = page.letters.filter(
    (letter) => query.state === "all" || isOpen(letter) === (query.state === "open"),
  );
  return found({
    object: "list",
    data: shown.map(deadLetterSummary),
    next_cursor: page.next === undefined ? null : cursorOf(listScope, page.next),
  });
}

async function showDeadLetter(request: ApiRequest): Promise<Answer> {
  requireOperator(request, "ops.read", "ops.write");
  return found(deadLetterView(await letterOf(request)));
}

/** Gives it back to what failed on it. A letter may be replayed again: whatever takes it does its work once. */
async function replayDeadLetter(request: ApiRequest): Promise<Answer> {
  const operator = requireOperator(request, "ops.write");
  const letter = await letterOf(request);
  const replayed = await replayer.replay(letter);
  if (!replayed.ok) {
    const { error } = replayed;
    throw error.code === "no_way_back"
      ? new Problem("not_replayable", { detail: "What it held is gone, or nothing here takes it back." })
      : new Problem("replay_failed", { detail: error.reason });
  }
  const replay = { at: Date.now(), by: operator, done: replayed.value };
  await deadLetters.noteReplay(letter.id, replay);
  return found(deadLetterView({ ...letter, replays: [...letter.replays, replay] }));
}

async function letterOf(request: ApiRequest): Promise<DeadLetter> {
  const id = parseDeadLetterId(request.parameters["id"] ?? "");
  const letter = id === undefined ? undefined : await deadLetters.get(id);
  if (letter === undefined) throw new Problem("not_found");
  return letter;
}
